"""The gateway behind a real HTTP server of this process, on the connection of the test: it sees what the test wrote."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any
from urllib.parse import urljoin
from wsgiref.simple_server import WSGIRequestHandler, make_server

import requests
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections

from tests.media_core.wsgi import application


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@dataclass(frozen=True)
class Gateway:
    """Where the gateway listens."""

    address: str

    def get(
        self, url: str, host: str = "acme.example", method: str = "GET", **headers: str
    ) -> requests.Response:
        """Ask for a path at a tenant's host, or for a whole URL elsewhere; as a stranger, without following."""
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        if url.startswith("/"):
            asked |= {"Host": host, "X-Forwarded-Proto": "https"}
        return requests.request(
            method, urljoin(self.address, url), headers=asked, timeout=10, allow_redirects=False
        )


@contextmanager
def serving() -> Iterator[Gateway]:
    """Lend a gateway that works on this thread's connection, within its transaction."""
    shared = connections["default"]

    def on_our_connection(environ: Any, start_response: Any) -> Any:
        connections["default"] = shared
        # At a request's ends Django closes a connection in a transaction. Its test client knows that too, and connects
        # the signals again after each request of its own.
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        return application()(environ, start_response)

    shared.inc_thread_sharing()
    server = make_server("127.0.0.1", 0, on_our_connection, handler_class=Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Gateway(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
        shared.dec_thread_sharing()
