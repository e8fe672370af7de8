"""Whether the bucket may have carried out a request: counted over all attempts of boto, not only the last one."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

from media_core.bucket.bucket_errors import NoConnectionFree, NotAnswering
from tenants.errors import TooBusy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Raised before a byte of the request was sent.
NEVER_SENT = (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoConnectionFree,
    NotAnswering,
    TooBusy,
)


@dataclass(slots=True)
class Attempts:
    """How many attempts of the requests in a block the bucket may have carried out."""

    in_doubt: int = 0


_current: ContextVar[Attempts | None] = ContextVar("attempts", default=None)


@contextmanager
def count_attempts() -> Iterator[Attempts]:
    """Count the attempts that this thread makes in the block."""
    attempts = Attempts()
    token = _current.set(attempts)
    try:
        yield attempts
    finally:
        _current.reset(token)


def register_attempt_hooks(client: "S3Client") -> None:
    """Have `count_attempts` count the attempts of a client. Call it before the client is used."""
    client.meta.events.register_first("before-send.s3", _begin_attempt)
    client.meta.events.register_first("needs-retry.s3", _end_attempt)


def _begin_attempt(**_event: Any) -> None:
    if attempts := _current.get():
        attempts.in_doubt += 1


def _end_attempt(
    response: tuple[Any, Any] | None = None,
    caught_exception: Exception | None = None,
    **_event: Any,
) -> None:
    """Uncount an attempt that had no effect: it was refused, or never sent."""
    if attempts := _current.get():
        attempts.in_doubt -= _is_without_effect(response, caught_exception)


def _is_without_effect(
    response: tuple[Any, Any] | None, caught_exception: Exception | None
) -> bool:
    if response is None:
        return isinstance(caught_exception, NEVER_SENT)
    status: int = response[0].status_code
    return HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR
