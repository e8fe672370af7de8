"""Logs: one JSON object per line, with request id and tenant, and without any secret."""

import logging
import re

from pythonjsonlogger.json import JsonFormatter as PlainJsonFormatter

from tenants.trace import request_in_log, tenant_in_log

REDACTED = "[redacted]"
# The signature makes a presigned URL a secret, the key a password-reset URL.
SECRETS = re.compile(
    r"((?:X-Amz-)?Signature=|X-Amz-Credential=|AWSAccessKeyId=|/password/reset/key/)[^\s&\"'<>\\]+",
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
        # Once more over the whole line: an exception's text is formatted only here.
        return redacted(super().format(record))


class ContextFilter(logging.Filter):
    """Gives every record the request it belongs to and the tenant that was bound."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_in_log.get()
        # The line of a whole request is written when its binding is over, and brings the tenant itself.
        record.tenant = getattr(record, "tenant", tenant_in_log.get())
        return True


class RedactFilter(logging.Filter):
    """Takes signatures and reset keys out of messages, whoever logged them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redacted(record.getMessage()), None
        return True


def redacted(text: str) -> str:
    """Return the text without what would let its reader act as somebody else.

    >>> redacted("GET /a?X-Amz-Signature=0f3a&x=1")
    'GET /a?X-Amz-Signature=[redacted]&x=1'
    """
    return SECRETS.sub(rf"\1{REDACTED}", text)
