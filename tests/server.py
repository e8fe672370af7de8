"""The gateway behind a real HTTP server of this process, on the connection of the test: it sees what the test wrote.

Two threads use one connection, one after the other: who asks waits until the server is done with the request.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any
from urllib.parse import urljoin
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import requests
from django.db import connections

from tests.media_core.wsgi import application


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@dataclass(frozen=True)
class Gateway:
    """Where the gateway listens."""

    address: str
    under_way: Lock

    def get(
        self, url: str, host: str = "acme.example", method: str = "GET", **headers: str
    ) -> requests.Response:
        """Ask for a path at a tenant's host, or for a whole URL elsewhere; as a stranger, without following."""
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        if url.startswith("/"):
            asked |= {"Host": host, "X-Forwarded-Proto": "https"}
        response = requests.request(
            method, urljoin(self.address, url), headers=asked, timeout=60, allow_redirects=False
        )
        # The last byte is here before the server has left the tenant and closed the file.
        with self.under_way:
            return response


class OneAtATime(WSGIServer):
    """A server that holds a lock from the first byte of a request until all that belongs to it is closed."""

    def __init__(self, *given: Any) -> None:
        self.under_way = Lock()
        super().__init__(*given)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.under_way:
            super().process_request(request, client_address)


@contextmanager
def serving() -> Iterator[Gateway]:
    """Lend a gateway that works on this thread's connection, within its transaction."""
    shared = connections["default"]

    def on_our_connection(environ: Any, start_response: Any) -> Any:
        connections["default"] = shared
        return application()(environ, start_response)

    shared.inc_thread_sharing()
    # Django closes a connection in a transaction at both ends of a request. Its test client disconnects the signals
    # that do so for a request of its own and connects them again, while a request of ours may be ending. So it is the
    # connection that is not closed.
    shared.close_if_unusable_or_obsolete = lambda: None  # type: ignore[method-assign]
    server = make_server(
        "127.0.0.1", 0, on_our_connection, server_class=OneAtATime, handler_class=Quiet
    )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Gateway(f"http://127.0.0.1:{server.server_port}", server.under_way)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        del shared.close_if_unusable_or_obsolete
        shared.dec_thread_sharing()
