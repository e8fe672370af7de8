"""A connection beside Django's that waits for no answer longer than it was told."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from selectors import EVENT_READ, DefaultSelector
from typing import Any, Self

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

CONNECT_SECONDS = 3
FAILED_STATUSES = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)


class NoAnswer(psycopg.OperationalError):
    """The database did not answer in time."""


class ProbeConnection:
    """An open connection in autocommit. `until` is when the last answer has to be there (time.monotonic())."""

    def __init__(self, connection: psycopg.Connection[Any], until: float) -> None:
        self._pgconn = connection.pgconn
        self._until = until

    @classmethod
    @contextmanager
    def open(cls, parameters: dict[str, Any], until: float) -> Iterator[Self]:
        """Lend a connection. Raises psycopg.Error where there is none to be had."""
        given = {**parameters, "connect_timeout": CONNECT_SECONDS, "autocommit": True}
        connection = psycopg.connect(**given)
        try:
            yield cls(connection, until)
        finally:
            connection.close()

    def ask(self, statement: str) -> list[str]:
        """Return the first row of a statement, as text. Raises psycopg.Error, NoAnswer when it takes too long."""
        self._pgconn.send_query(statement.encode())
        self._pgconn.flush()
        row: list[str] = []
        while (result := self._read_result()) is not None:
            if result.status in FAILED_STATUSES:
                raise psycopg.OperationalError(result.get_error_message())
            row = row or _decode_first_row(result)
        return row

    def receives_notification(self, channel: str, within: float) -> bool:
        """Return whether a notification comes in on a channel, without asking for anything."""
        until = time.monotonic() + within
        while True:
            self._pgconn.consume_input()
            if (heard := self._pgconn.notifies()) is not None:
                if heard.relname == channel.encode():
                    return True
            elif not self._wait_until_readable(until):
                return False

    def _read_result(self) -> PGresult | None:
        while self._pgconn.is_busy():
            if not self._wait_until_readable(self._until):
                raise NoAnswer("no answer in time")
            self._pgconn.consume_input()
        return self._pgconn.get_result()

    def _wait_until_readable(self, until: float) -> bool:
        with DefaultSelector() as selector:
            selector.register(self._pgconn.socket, EVENT_READ)
            return bool(selector.select(max(0.0, until - time.monotonic())))


def _decode_first_row(result: PGresult) -> list[str]:
    columns = range(result.nfields) if result.ntuples else range(0)
    return [(result.get_value(0, column) or b"").decode() for column in columns]
