"""Logs: one JSON object per line, with request id and tenant, and without any secret."""

import logging
import re

from pythonjsonlogger.json import JsonFormatter as PlainJsonFormatter

from tenants.trace import request_in_log, tenant_in_log

REDACTED = "[redacted]"
# The signature makes a presigned URL a secret, the key a password-reset URL, the token an address of a file on disk.
# In a URL, in a URL within a URL, and as a header in a log or in JSON.
SECRETS = re.compile(
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
            return redacted(super().format(record))
        except (TypeError, ValueError):
            # A message that does not fit its arguments. logging would print both as they are.
            record.msg, record.args = f"{record.msg} {record.args}", None
            return redacted(super().format(record))


class ContextFilter(logging.Filter):
    """Gives every record the request it belongs to and the tenant that was bound."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_in_log.get()
        # The line of a whole request is written when its binding is over, and brings the tenant itself.
        record.tenant = getattr(record, "tenant", tenant_in_log.get())
        return True


def redacted(text: str) -> str:
    """Return the text without what would let its reader act as somebody else.

    >>> redacted("GET /a?X-Amz-Signature=0f3a&x=1")
    'GET /a?X-Amz-Signature=[redacted]&x=1'
    """
    return SECRETS.sub(rf"\1{REDACTED}", text)
