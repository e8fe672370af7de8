"""Django's database backend here: django-tenants', which remembers where a connection stands, without its mistakes.

The `search_path` is set once for each binding, and remembered. So it has to be forgotten whenever the connection
is another one, and whenever PostgreSQL takes the setting back.
"""

import os
from typing import Any, ClassVar, Self
from weakref import WeakKeyDictionary

import psycopg
from django.db.utils import OperationalError
from django_tenants.postgresql_backend import base
from psycopg.pq import ExecStatus, TransactionStatus

from tenants.database.pool import SECOND_CONNECTIONS

# PostgreSQL remembers every table that a connection ever touched: about 0.16 MiB for each tenant whose documents and
# pages it served, and nothing but its end takes that back. This keeps a connection below 30 MiB of it.
MAX_SCHEMAS_PER_CONNECTION = 150


class _SimpleCursor:
    """What of a cursor sends a SET: a statement with nothing to adapt and no rows, for a quarter of a cursor's cost."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._pgconn = connection.pgconn

    def execute(self, statement: str) -> None:
        """Send it and wait. Raises psycopg.OperationalError when it fails."""
        result = self._pgconn.exec_(statement.encode())
        if result.status != ExecStatus.COMMAND_OK:
            raise psycopg.OperationalError(result.get_error_message())


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]  # django-tenants ships no types
    """A connection that never takes for granted that it stands in its tenant's schema."""

    # django-tenants': None when the SET is due.
    search_path_set_schemas: Any

    def get_new_connection(self, conn_params: Any) -> Any:
        # One that comes out of a pool stands where its last user left it.
        self.search_path_set_schemas = None
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Return whether the connection still lives. Asked by the SET that is due anyway, so it costs nothing more."""
        if self.connection is None:
            return False
        self.search_path_set_schemas = None
        try:
            self._handle_search_path(_SimpleCursor(self.connection))
        except (psycopg.Error, OperationalError):
            return False
        return self.search_path_set_schemas is not None

    def close_if_unusable_or_obsolete(self) -> None:
        """Also close, between two requests, a connection that has stood in MAX_SCHEMAS schemas."""
        known = _visited_schemas.get(self.connection, ()) if self.connection is not None else ()
        if len(known) < MAX_SCHEMAS_PER_CONNECTION:
            super().close_if_unusable_or_obsolete()
            return
        if self.pool:
            # A pool closes what has lived long enough, and opens another.
            self.connection._expire_at = 0.0  # noqa: SLF001 - the pool has no public way to say it of one
        self.close()

    def commit(self) -> None:
        # PostgreSQL rolls a failed transaction back at COMMIT and calls it no error. The SET is gone with it.
        if self._is_in_failed_transaction():
            self.search_path_set_schemas = None
        super().commit()

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Send the SET where it is due. One that fails is an error, or what follows would run where the last one ran.

        In a failed transaction PostgreSQL refuses everything by itself, until the rollback.
        """
        before = self.search_path_set_schemas
        super()._handle_search_path(cursor)
        if before is None and self.search_path_set_schemas is not None:
            _visited_schemas.setdefault(self.connection, set()).add(self.schema_name)
        under_way = self._setting_search_path or self.search_path_set_schemas is not None
        if not under_way and not self._is_in_failed_transaction():
            raise OperationalError("The connection could not be pointed at its schema.")

    def _is_in_failed_transaction(self) -> bool:
        return (
            self.connection is not None
            and self.connection.info.transaction_status == TransactionStatus.INERROR
        )

    def close_pool(self) -> None:
        """Close the pool of this database, and that of the connections beside it."""
        super().close_pool()
        SecondConnection.close_pool_of(self.alias)

    @classmethod
    def forget_parent_pools(cls) -> None:
        """Forget, after a fork, pools whose sockets are the parent's and whose threads are not there."""
        # Kept somewhere, so that nothing closes them here.
        _parent_pools.append(dict(cls._connection_pools))
        cls._connection_pools.clear()


class SecondConnection(DatabaseWrapper):
    """A connection beside a thread's own, out of a small pool of this process. It goes back when it is closed."""

    # Not those of the threads' own connections: whoever holds one of these must not wait for another of the same pool.
    _connection_pools: ClassVar[dict[str, Any]] = {}

    @classmethod
    def to_the_database_of(cls, first: DatabaseWrapper) -> Self:
        """Return one to the same database; it is taken from the pool when it is first needed."""
        options = {**first.settings_dict["OPTIONS"], "pool": SECOND_CONNECTIONS}
        given = {**first.settings_dict, "CONN_MAX_AGE": 0, "OPTIONS": options}
        return cls(given, first.alias)

    @classmethod
    def close_pool_of(cls, alias: str) -> None:
        if pool := cls._connection_pools.pop(alias, None):
            pool.close()


# In which schemas each open connection has stood: in a pool it outlives the wrapper's hold on it.
_visited_schemas: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
_parent_pools: list[Any] = []
for _kind in (DatabaseWrapper, SecondConnection):
    os.register_at_fork(after_in_child=_kind.forget_parent_pools)
