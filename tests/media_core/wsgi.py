"""Requests as a WSGI server makes them: with Django's own start and end of a request, on a connection that is kept."""

import sys
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from gateway.wsgi_handler import GatewayHandler


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Headers
    content: bytes


@cache
def application() -> WSGIHandler:
    """Return what gateway/wsgi.py gives to a server: made late, when the static files are there."""
    return GatewayHandler()


def asked(
    host: str,
    path: str,
    session_key: str = "",
    *,
    by: WSGIHandler | None = None,
    **given: Any,
) -> Answer:
    """Return the gateway's answer, by way of the one proxy that .env.example names. Environ may be given."""
    started: list[Any] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "SERVER_NAME": host,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": host,
        "HTTP_X_FORWARDED_PROTO": "https",
        "REMOTE_ADDR": "127.0.0.1",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}={session_key}",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **given,
    }
    response: Any = (by or application())(environ, lambda *line: started.append(line))  # type: ignore[arg-type]  # write() is not used
    try:
        content = b"".join(response)
    finally:
        # A plain list has nothing to close.
        getattr(response, "close", list)()
    status, headers = started[0][:2]
    return Answer(int(status.split()[0]), Headers(headers), content)
