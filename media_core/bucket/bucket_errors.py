"""What the bucket's errors mean, in one place for all who store and read."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from media_core.errors import (
    BucketRefused,
    BucketUnavailable,
    ObjectMissing,
    UnknownBucketAnswer,
)
from tenants.errors import GatewayError


class NoConnectionFree(BotoCoreError):
    """All connections that BUCKET_CONNECTIONS allows were in use, for as long as one waits."""

    fmt = "All connections to the bucket are in use."


class NotAnswering(BotoCoreError):
    """The bucket did not answer in time a moment ago, so it is not asked now."""

    fmt = "The bucket did not answer a moment ago."


NO_ANSWER_ERRORS = (
    ConnectTimeoutError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoConnectionFree,
    NotAnswering,
    ReadTimeoutError,
    SSLError,
)
# Everything that a client of boto raises for an answer of the bucket, or for none.
BUCKET_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
# 429 and 503 are how S3, Ceph RGW and their front ends say "later".
BUSY_STATUSES = frozenset({429, 500, 502, 503, 504})
REFUSED_STATUSES = frozenset({401, 403})
NO_ACLS = "AccessControlListNotSupported"
LOOK_AT = "Look at AWS_S3_ENDPOINT_URL, AWS_STORAGE_BUCKET_NAME and what stands before the bucket."


def get_status(error: ClientError) -> int:
    """Return the HTTP status that the bucket answered with."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def get_error_code(error: ClientError) -> str:
    """Return the bucket's error code."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise the GatewayError for a bucket error in the block. An unknown error is raised unchanged.

    For code that sets the bucket up, and handles more error codes itself.
    """
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        meaning = _find_meaning(error)
        if meaning is None:
            raise
        raise meaning from error


def translate_error(error: Exception) -> GatewayError:
    """Return the GatewayError for one of BUCKET_ERRORS: unavailable, refused, missing, or an unknown answer."""
    return _find_meaning(error) or UnknownBucketAnswer(f"{_describe_answer(error)} {LOOK_AT}")


def _describe_answer(error: Exception) -> str:
    if isinstance(error, ClientError):
        return f"It answered {get_status(error)} {get_error_code(error)}."
    # A parser's message quotes the answer, which may hold secrets.
    return f"{type(error).__name__}."


def _find_meaning(error: Exception) -> GatewayError | None:
    if isinstance(error, NO_ANSWER_ERRORS):
        return BucketUnavailable(type(error).__name__)
    return _find_answer_meaning(error) if isinstance(error, ClientError) else None


def _find_answer_meaning(error: ClientError) -> GatewayError | None:
    status, code = get_status(error), get_error_code(error)
    if code == "NoSuchKey":
        return ObjectMissing()
    if code == NO_ACLS:
        return BucketRefused("It takes no ACLs: set PUBLIC_MEDIA_MODE=policy or gateway.")
    if status in REFUSED_STATUSES:
        return BucketRefused(f"It answered {status} {code}: check its keys.")
    if status in BUSY_STATUSES:
        return BucketUnavailable(f"It answered {status}.")
    return None
