"""Logs: one JSON object per line, with request id and tenant, and without any secret."""

import logging
import re
import sys
import threading
from logging.config import dictConfig
from types import TracebackType
from typing import Any

from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter as PlainJsonFormatter

from tenants.log_context import request_in_log, tenant_in_log

logger = logging.getLogger("gateway.logs")

REDACTED = "[redacted]"
# The signature makes a presigned URL a secret, the key a password-reset URL, the token an address of a file on disk.
# In a URL, in a URL within a URL, and as a header in a log or in JSON.
SECRET_PATTERN = re.compile(
    r"((?:Signature|X-Amz-Credential|X-Amz-Security-Token|AWSAccessKeyId)(?:=|%(?:25)*3D|\\?\"?: *\\?\"?)"
    r"|/password/reset/key/|/files/)[^\s&\"'<>\\]+",
    re.IGNORECASE,
)


class JsonFormatter(PlainJsonFormatter):
    """time, level, logger, message, then what the record carries."""

    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}{request_id}{tenant}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            exc_info_as_array=False,
        )

    def format(self, record: logging.LogRecord) -> str:
        # Over the whole line, whoever logged it: an exception's text is formatted only here.
        try:
            return redact(super().format(record))
        except (TypeError, ValueError):
            # A message that does not fit its arguments. logging would print both as they are.
            record.msg, record.args = f"{record.msg} {record.args}", None
            return redact(super().format(record))


class ContextFilter(logging.Filter):
    """Gives every record the request it belongs to and the tenant that was bound, and hides paths."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(request := getattr(record, "request", None), HttpRequest):
            hide_path(record, request)
        record.request_id = request_in_log.get()
        # The line of a whole request is written when its binding is over, and brings the tenant itself.
        record.tenant = getattr(record, "tenant", tenant_in_log.get())
        return True


def find_route(request: HttpRequest) -> str:
    """Return the pattern that the request's path matched. Not the path: paths hold file names and reset keys."""
    return request.resolver_match.route if request.resolver_match else ""


def hide_path(record: logging.LogRecord, request: HttpRequest) -> None:
    """Put the route in the place of the path, in a record of Django's about a request."""
    path = request.path.encode("unicode_escape").decode("ascii")
    if isinstance(record.args, tuple):
        record.args = tuple(
            find_route(request) if value == path else value for value in record.args
        )
    record.request = f"{request.method} {find_route(request)}"


def configure_logging(settings: dict[str, Any]) -> None:
    """Configure logging as Django does. Warnings, and what ends a thread or the process, become lines as well.

    A person at a terminal reads tracebacks better than lines of JSON, so there Python prints them.
    """
    dictConfig(settings)
    logging.captureWarnings(capture=True)
    if sys.stderr.isatty():
        return
    sys.excepthook = log_crash
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = log_thread_crash


def log_crash(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    logger.critical("The process ends: %s", kind.__name__, exc_info=(kind, error, traceback))


def log_thread_crash(crash: threading.ExceptHookArgs) -> None:
    logger.critical("A thread ends: %s", crash.exc_type.__name__, exc_info=crash.exc_value)


def redact(text: str) -> str:
    """Return the text without what would let its reader act as somebody else.

    >>> redact("GET /a?X-Amz-Signature=0f3a&x=1")
    'GET /a?X-Amz-Signature=[redacted]&x=1'
    """
    return SECRET_PATTERN.sub(rf"\1{REDACTED}", text)
