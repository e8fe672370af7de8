"""A way to the database of the tests that can be cut: nobody listens there then, and who was connected is no more."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

from django.db import connection

from tests.gunicorn import free_port

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


def hand_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(CHUNK):
            target.sendall(content)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@dataclass
class Relay:
    """Hands on what comes, both ways, while it is `open`."""

    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        facts = connection.settings_dict
        return f"postgres://{facts['USER']}@127.0.0.1:{self.port}/{facts['NAME']}"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let the database be reached in the block."""
        lines: set[socket.socket] = set()

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                with database_socket() as database:
                    lines.update((self.request, database))
                    back = Thread(target=hand_on, args=[database, self.request])
                    back.start()
                    hand_on(self.request, database)
                    back.join()

        class Server(ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        with ExitStack() as stack:
            server = stack.enter_context(Server(("127.0.0.1", self.port), Handler))
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            stack.callback(cut, lines)
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            yield


def cut(lines: set[Any]) -> None:
    for line in lines:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
