"""The WSGI application. It refuses, before Django reads it, a request that Django could not read."""

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.utils.http import parse_header_parameters

logger = logging.getLogger("gateway.requests")

UTF_8 = frozenset({"utf-8", "utf8"})
OTHER_CHARSET = b"Send text in UTF-8: the Content-Type names another charset.\n"


class GatewayHandler(WSGIHandler):
    """Django's handler, for requests in UTF-8.

    Django decodes a form in whatever charset the client names. Some of Python's are no text at all (hex, zlib), and
    their errors would come before any middleware: a 500 on every route, with the path in the log.
    """

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if names_other_charset(environ.get("CONTENT_TYPE", "")):
            return refuse_charset(environ, start_response)
        return super().__call__(environ, start_response)


def names_other_charset(content_type: str) -> bool:
    """Return whether this Content-Type names a charset that is not UTF-8, or cannot be read.

    >>> names_other_charset("text/html; charset=hex"), names_other_charset("text/html; charset=UTF-8")
    (True, False)
    """
    try:
        _, parameters = parse_header_parameters(content_type)
    except (ValueError, LookupError):
        # As in `name*=hex''…`, by RFC 2231.
        return True
    return parameters.get("charset", "utf-8").lower() not in UTF_8


def refuse_charset(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    fields = {
        "method": environ["REQUEST_METHOD"],
        "route": "",
        "status": HTTPStatus.BAD_REQUEST.value,
    }
    logger.info("request", extra=fields)
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(OTHER_CHARSET)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    start_response("400 Bad Request", list(headers.items()))
    return [OTHER_CHARSET]
