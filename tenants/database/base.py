"""Django's database backend here: django-tenants', which remembers where a connection stands, without its mistakes.

The `search_path` is set once for each binding, and remembered. So it has to be forgotten whenever the connection
is another one, and whenever PostgreSQL takes the setting back.
"""

import os
from typing import Any

from django.db.utils import OperationalError
from django_tenants.postgresql_backend import base
from psycopg.pq import TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]  # django-tenants ships no types
    """A connection that never takes for granted that it stands in its tenant's schema."""

    def get_new_connection(self, conn_params: Any) -> Any:
        # One that comes out of a pool stands where its last user left it.
        self.search_path_set_schemas = None
        return super().get_new_connection(conn_params)

    def commit(self) -> None:
        # PostgreSQL rolls a failed transaction back at COMMIT and calls it no error. The SET is gone with it.
        if self._in_a_failed_transaction():
            self.search_path_set_schemas = None
        super().commit()

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Send the SET where it is due. One that fails is an error, or what follows would run where the last one ran.

        In a failed transaction PostgreSQL refuses everything by itself, until the rollback.
        """
        super()._handle_search_path(cursor)
        under_way = self._setting_search_path or self.search_path_set_schemas is not None
        if not under_way and not self._in_a_failed_transaction():
            raise OperationalError("The connection could not be pointed at its schema.")

    def _in_a_failed_transaction(self) -> bool:
        return (
            self.connection is not None
            and self.connection.info.transaction_status == TransactionStatus.INERROR
        )

    @classmethod
    def leave_pools_to_the_parent(cls) -> None:
        """Forget, after a fork, pools whose sockets are the parent's and whose threads are not there."""
        # Kept somewhere, so that nothing closes them here.
        _of_the_parent.append(dict(cls._connection_pools))
        cls._connection_pools.clear()


_of_the_parent: list[Any] = []
os.register_at_fork(after_in_child=DatabaseWrapper.leave_pools_to_the_parent)
