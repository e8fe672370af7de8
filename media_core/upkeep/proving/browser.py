"""A browser inside this process: it asks the gateway itself, through every middleware, at a tenant's real host."""

import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections


@dataclass(frozen=True, slots=True)
class Page:
    """What came back. `location` may be a presigned URL."""

    status: int
    body: bytes = field(repr=False)
    location: str = field(repr=False)


class Browser:
    """Asks as a WSGI server does. The requests run in this thread: on its connection, in its transaction."""

    def __init__(self) -> None:
        self.application = WSGIHandler()

    def ask(self, method: str, host: str, path: str, *, session: str = "") -> Page:
        """Return the answer for a path as it stands in an address; nothing is followed."""
        answer = self.application(build_environ(method, host, path, session), _start_response)
        try:
            return Page(answer.status_code, b"".join(answer), answer.headers.get("Location", ""))
        finally:
            answer.close()


def _start_response(*_head: object) -> Callable[[bytes], object]:
    """Take status and headers, as a WSGI server does; the answer knows them too."""
    return bytes.__len__


def build_environ(method: str, host: str, path: str, session: str) -> dict[str, Any]:
    """Return the WSGI environment of a request that came over HTTPS."""
    cookie = {"HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}={session}"} if session else {}
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        # As servers do: decoded once, and every byte a character.
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": "",
        "SERVER_NAME": host,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **cookie,
    }


@contextmanager
def keep_caller_connection() -> Iterator[None]:
    """Let requests leave the caller's connection open in the middle of its transaction, and no line each in the log.

    Between two requests Django closes a connection that stands in a transaction. For the whole process: not for one
    that serves others.
    """
    ends = (signals.request_started, signals.request_finished)
    logger = logging.getLogger("gateway.request_log")
    before = logger.level
    logger.setLevel(logging.WARNING)
    closing = [end for end in ends if end.disconnect(close_old_connections)]
    try:
        yield
    finally:
        for end in closing:
            end.connect(close_old_connections)
        logger.setLevel(before)
