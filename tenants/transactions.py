"""Work that must be committed whatever becomes of the caller's transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction

from tenants.binding import connection, rebound

# PostgreSQL's code of the error.
LOCK_NOT_AVAILABLE = "55P03"

# Django's connections belong to one thread each: nothing that is given this context works in another one.
_second: ContextVar[Any] = ContextVar("second", default=None)


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
    not committed, and waits for ever for a row that the caller has changed: so it may only touch rows of its own. A
    block inside another one is a part of it, and is committed with it.
    """
    if not in_callers_transaction():
        with transaction.atomic():
            yield
        return
    with one_second_connection(), _on_the_second_connection(), transaction.atomic():
        yield


@contextmanager
def one_second_connection() -> Iterator[None]:
    """Let all that is committed beside the caller's transaction in the block share a connection, opened when needed."""
    if _second.get() or not in_callers_transaction():
        yield
        return
    second = _opened_beside(connections[DEFAULT_DB_ALIAS])
    token = _second.set(second)
    try:
        yield
    finally:
        _second.reset(token)
        second.close()


def _opened_beside(first: Any) -> Any:
    """Return another connection to the same database.

    Never one out of a pool: whoever holds one of its connections must not wait for a second one.
    """
    second: Any = connections.create_connection(DEFAULT_DB_ALIAS)
    given = first.settings_dict["OPTIONS"]
    options = {name: value for name, value in given.items() if name != "pool"}
    second.settings_dict = {**first.settings_dict, "OPTIONS": options}
    return second


@contextmanager
def waiting_at_most(milliseconds: int) -> Iterator[None]:
    """Let statements in the block, inside a transaction, wait no longer for what others hold. Two statements.

    One that had to wait longer raises OperationalError, for which `waited_too_long` is true.
    """
    _set_lock_timeout(f"'{milliseconds}ms'")
    yield
    _set_lock_timeout("DEFAULT")


def waited_too_long(error: DatabaseError) -> bool:
    """Return whether it says that something was held for longer than `waiting_at_most` allows."""
    return getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE


def _set_lock_timeout(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout TO {value}")


@contextmanager
def _on_the_second_connection() -> Iterator[None]:
    """Let everything in this thread speak to the database over the second connection, for the same tenant."""
    # Whose it is the first connection says.
    bind_again, first, second = rebound(), connections[DEFAULT_DB_ALIAS], _second.get()
    # Whoever watches the statements of this thread watches these as well.
    second.execute_wrappers = first.execute_wrappers
    connections[DEFAULT_DB_ALIAS] = second
    try:
        with bind_again():
            yield
    finally:
        connections[DEFAULT_DB_ALIAS] = first
