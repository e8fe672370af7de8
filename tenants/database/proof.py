"""The proof that this process's connections keep their sessions. Without it no tenant is bound."""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from django.db import connection

from tenants.database.probe import is_server_reachable, probe_connections
from tenants.errors import DatabaseNotProved

logger = logging.getLogger("tenants.database")

RETRY_SECONDS = 3.0


class DatabaseProof:
    """Whether the probe passed in this process, and when it failed last. Shared by the threads."""

    def __init__(
        self, parameters: Callable[[], dict[str, Any]], *, retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self._parameters = parameters
        self._retry_seconds = retry_seconds
        self._proved = False
        self._retry_at = 0.0
        self._reason = ""
        self._lock = Lock()

    def require(self) -> None:
        """Raise DatabaseNotProved unless the connections of this process keep their sessions.

        It is asked once for a process, and again after the server was gone; between that this costs nothing. While
        it fails it is asked again, every `retry_seconds` at most.
        """
        if not self._proved:
            with self._lock:
                self._probe_unless_known()

    def holds(self) -> bool:
        """Return whether `require` passes."""
        try:
            self.require()
        except DatabaseNotProved:
            return False
        return True

    def forget_if_unreachable(self) -> None:
        """After a request failed at the database: forget the proof when the server does not answer.

        Until the database is proved again, requests get 503 at once instead of waiting for it.
        """
        if self._proved and not is_server_reachable(self._parameters()):
            self._proved = False

    def _probe_unless_known(self) -> None:
        if self._proved:
            return
        if time.monotonic() < self._retry_at:
            raise DatabaseNotProved(self._reason)
        try:
            probe_connections(self._parameters())
        except DatabaseNotProved as refusal:
            self._note_failure(refusal.detail)
            raise
        self._proved = True

    def _note_failure(self, reason: str) -> None:
        logger.error("No tenant is served. %s", reason)
        self._reason, self._retry_at = reason, time.monotonic() + self._retry_seconds


def get_connection_parameters() -> dict[str, Any]:
    """Return what this thread's connection is opened with."""
    given: dict[str, Any] = connection.get_connection_params()
    return given


# A process has one DATABASE_URL.
database_proof = DatabaseProof(get_connection_parameters)
