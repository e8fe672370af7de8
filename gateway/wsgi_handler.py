"""The WSGI application: Django's, with changes to how requests are read."""

import html
import logging
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import QueryDict
from django.http.multipartparser import MultiPartParser
from django.utils.datastructures import ImmutableList, MultiValueDict
from django.utils.http import parse_header_parameters

logger = logging.getLogger("gateway.request_log")

UTF_8 = frozenset({"utf-8", "utf8"})
OTHER_CHARSET_MESSAGE = b"Send text in UTF-8: the Content-Type names another charset.\n"


class FormParser(MultiPartParser):
    """Django's parser of forms with files, which leaves the names of files as they are."""

    def sanitize_file_name(self, file_name: str) -> str | None:
        """Return the last part of a path. Invisible characters stay, so that tenants/names.py can refuse them.

        Django would remove them, and with them the joiners that emoji and Persian need.
        """
        name = html.unescape(file_name).replace("\\", "/").rpartition("/")[2]
        return None if name in {"", ".", ".."} else name


class GatewayRequest(WSGIRequest):
    """Django's request, whose forms are read by our parser."""

    def parse_file_upload(
        self,
        META: Mapping[str, Any],  # noqa: N803 - Django's
        post_data: Any,
    ) -> "tuple[QueryDict, MultiValueDict[str, UploadedFile[Any]]]":
        parser = FormParser(META, post_data, self.upload_handlers, self.encoding)
        # As Django does: handlers cannot change once reading has begun.
        self.upload_handlers = ImmutableList(self.upload_handlers)
        return parser.parse()


class GatewayHandler(WSGIHandler):
    """Django's handler, for requests in UTF-8.

    Django decodes a form in whatever charset the client names. Some of Python's are no text at all (hex, zlib), and
    their errors would come before any middleware: a 500 on every route, with the path in the log.
    """

    request_class = GatewayRequest

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if has_other_charset(environ.get("CONTENT_TYPE", "")):
            return refuse_charset(environ, start_response)
        return super().__call__(environ, start_response)


def has_other_charset(content_type: str) -> bool:
    """Return whether this Content-Type names a charset that is not UTF-8, or cannot be read.

    >>> has_other_charset("text/html; charset=hex"), has_other_charset("text/html; charset=UTF-8")
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
        "Content-Length": str(len(OTHER_CHARSET_MESSAGE)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    start_response("400 Bad Request", list(headers.items()))
    return [OTHER_CHARSET_MESSAGE]
