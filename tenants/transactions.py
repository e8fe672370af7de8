"""Work that must be committed whatever becomes of the caller's transaction."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    OperationalError,
    connections,
    transaction,
)
from psycopg_pool import PoolTimeout

from tenants.binding import bound_tenant_even_suspended, capture_binding, connection
from tenants.database.base import SecondConnection
from tenants.database.pool import MAX_SECOND_CONNECTIONS, WAIT_SECONDS
from tenants.errors import TooBusy

# PostgreSQL's code of the error.
LOCK_NOT_AVAILABLE = "55P03"

# Whether this thread works on a second connection: who holds one must not wait for another.
_has_second: ContextVar[bool] = ContextVar("has_second", default=False)


def is_in_outer_transaction() -> bool:
    """Return whether a transaction is open that somebody else may still roll back. No statement.

    Django answers: where a durable block may begin, there is none.
    """
    if not connection.in_atomic_block:
        return not transaction.get_autocommit()
    try:
        with transaction.atomic(durable=True, savepoint=False):
            return False
    except RuntimeError:
        return True


@contextmanager
def begin_autonomous_transaction() -> Iterator[None]:
    """Commit what the block writes when it ends, whatever becomes of a transaction that is open around it.

    Inside one the block works on a second connection, of which a process has MAX_SECOND_CONNECTIONS. It sees nothing
    that the caller has not committed, and waits for ever for a row that the caller has changed: so it may only touch
    rows of its own, and asks nothing of the bucket. A block inside another one is a part of it, and is committed with
    it. Raises TooBusy when no second connection becomes free in WAIT_SECONDS.
    """
    needs_second = is_in_outer_transaction() and not _has_second.get()
    with _use_second_connection() if needs_second else nullcontext(), transaction.atomic():
        yield


@contextmanager
def limit_lock_wait(milliseconds: int) -> Iterator[None]:
    """Let statements in the block, inside a transaction, wait no longer for what others hold. Two statements.

    One that had to wait longer raises OperationalError, for which `is_lock_timeout` is true.
    """
    _set_lock_timeout(f"'{milliseconds}ms'")
    yield
    _set_lock_timeout("DEFAULT")


def is_lock_timeout(error: DatabaseError) -> bool:
    """Return whether it says that something was held for longer than `limit_lock_wait` allows."""
    return getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE


def _set_lock_timeout(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout TO {value}")


@contextmanager
def _use_second_connection() -> Iterator[None]:
    """Let everything in this thread speak to the database over a second connection, for the same tenant.

    The caller may have made the tenant itself, and not committed it yet. Then nothing can be written for it by others,
    and the block stays on the first connection: what becomes of the tenant becomes of it.
    """
    # Whose it is the first connection says.
    bind_again, first = capture_binding(), connections[DEFAULT_DB_ALIAS]
    # It goes back into the pool whatever happens: there are few.
    with closing(_take_second(first)) as second:
        if not _is_tenant_committed(second):
            second.close()
            yield
            return
        # Whoever watches the statements of this thread watches these as well.
        second.execute_wrappers = first.execute_wrappers
        connections[DEFAULT_DB_ALIAS] = second
        token = _has_second.set(True)
        try:
            with bind_again():
                yield
        finally:
            _has_second.reset(token)
            connections[DEFAULT_DB_ALIAS] = first
            # One that broke, or that knows too many schemas, is not used again.
            second.close_if_unusable_or_obsolete()


def _is_tenant_committed(second: SecondConnection) -> bool:
    """Return whether the bound tenant is there for others than the caller. One query."""
    tenant = bound_tenant_even_suspended()
    statement = "SELECT FROM public.tenants_tenant WHERE id = %s"
    with second.wrap_database_errors:
        return bool(second.connection.execute(statement, [tenant.pk]).rowcount)


def _take_second(first: Any) -> SecondConnection:
    second = SecondConnection.to_the_database_of(first)
    try:
        second.ensure_connection()
    except OperationalError as error:
        if not isinstance(error.__cause__, PoolTimeout):
            raise
        raise TooBusy(
            f"None of the {MAX_SECOND_CONNECTIONS} second connections to the database became free in {WAIT_SECONDS} s."
        ) from error
    return second
