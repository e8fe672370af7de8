"""A server whose database is away when it starts: it serves nobody, says so, and serves as soon as it can."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from tests.gunicorn import asked, free_port, gunicorn

pytestmark = pytest.mark.django_db
CHUNK = 65536


def database_socket() -> socket.socket:
    """Return a connection to where the database of the tests listens."""
    given = connection.get_connection_params()
    host, port = given["host"], int(given.get("port") or 5432)
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    line = socket.socket(socket.AF_UNIX)
    line.connect(f"{host}/.s.PGSQL.{port}")
    return line


class Relay(BaseRequestHandler):
    """Hands on what comes, both ways."""

    def handle(self) -> None:
        with database_socket() as database:
            back = Thread(target=hand_on, args=[database, self.request])
            back.start()
            hand_on(self.request, database)
            back.join()


def hand_on(source: Any, target: Any) -> None:
    with suppress(OSError):
        while content := source.recv(CHUNK):
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def relay(port: int) -> Iterator[None]:
    class Server(ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    with Server(("127.0.0.1", port), Relay) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_nobody_is_served_until_the_database_is_there_and_then_without_a_restart(world, tmp_path):
    port, name = free_port(), connection.settings_dict["NAME"]
    url = f"postgres://{connection.settings_dict['USER']}@127.0.0.1:{port}/{name}"
    with gunicorn(url, tmp_path / "log") as address:
        assert asked(address, "/healthz").status_code == 200
        assert (asked(address, "/readyz").text, asked(address, "/").status_code) == (
            "not ready\n",
            503,
        )
        assert asked(address, "/", "agency.localhost").headers["Retry-After"] == "3"
        with relay(port):
            while asked(address, "/readyz").status_code != 200:
                time.sleep(0.2)
            assert "/accounts/login/" in asked(address, "/").headers["Location"]
    assert "does not answer" in (tmp_path / "log").read_text()
