"""Work that must be committed whatever becomes of the caller's transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

from tenants.binding import bound_tenant_even_suspended


def in_callers_transaction() -> bool:
    """Return whether a transaction is open that somebody else may still roll back.

    The one that Django's TestCase keeps around a test does not count, nor what is open inside it: what a test has
    written is seen by its own connection only, so nothing can be done beside it.
    """
    if any(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        return False
    return not transaction.get_autocommit()


@contextmanager
def own_transaction() -> Iterator[None]:
    """Commit what the block writes when it ends, whatever becomes of a transaction that is open around it.

    Inside one the block works on a second connection, which is closed after it. It sees nothing that the caller has
    not committed, and waits for ever for a row that the caller has changed: so it may only touch rows of its own.
    """
    if not in_callers_transaction():
        with transaction.atomic():
            yield
        return
    with _second_connection(), transaction.atomic():
        yield


@contextmanager
def _second_connection() -> Iterator[None]:
    """Let everything in this thread speak to the database over a connection of its own, for the same tenant."""
    tenant = bound_tenant_even_suspended()
    first = connections[DEFAULT_DB_ALIAS]
    second = connections.create_connection(DEFAULT_DB_ALIAS)
    # Whoever watches the statements of this thread watches these as well.
    second.execute_wrappers = first.execute_wrappers
    connections[DEFAULT_DB_ALIAS] = second
    try:
        connection.set_tenant(tenant)  # type: ignore[attr-defined]  # django-tenants adds it
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = first
        second.close()
