"""What somebody without credentials gets of the bucket: plain HTTP, written exactly as it is given."""

import time
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import quote

from botocore.awsrequest import AWSRequest
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session

from media_core.errors import BucketUnavailable
from media_core.storages.bucket_errors import BUSY_STATUSES
from media_core.storages.client import (
    CONNECT_TIMEOUT_SECONDS,
    MAX_CONNECTIONS,
    READ_TIMEOUT_SECONDS,
    closed_session,
)
from media_core.storages.public import bucket_base_url

# How long is waited before a request is sent again; the last one is not.
PAUSES_SECONDS = (0.2, 1.0)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Its URL may be a presigned one, so it is never shown."""

    method: str
    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes = field(repr=False)


@cache
def _session() -> URLLib3Session:
    # As boto's own: AWS_CA_BUNDLE names an authority of one's own, and nothing else of the environment counts.
    return URLLib3Session(
        verify=closed_session().get_config_variable("ca_bundle") or True,
        proxies={},
        timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),  # type: ignore[arg-type]  # boto gives a pair too
        max_pool_connections=MAX_CONNECTIONS,
    )


def ask(request: Request) -> Answer:
    """Send a request without credentials, follow nothing, and return the answer. For threads as well.

    A bucket that is busy or does not answer is asked three times. Raises BucketUnavailable then.
    """
    for pause in PAUSES_SECONDS:
        try:
            return _asked_once(request)
        except BucketUnavailable:
            time.sleep(pause)
    return _asked_once(request)


def _asked_once(request: Request) -> Answer:
    prepared = AWSRequest(request.method, "http://placeholder", data=request.body).prepare()
    # As it was signed, or tampered with: to prepare a URL is to write it anew.
    prepared.url = request.url
    try:
        response = _session().send(prepared)
        answer = Answer(response.status_code, response.content)
    except HTTPClientError as error:
        # Its text would name the URL.
        raise BucketUnavailable(type(error).__name__) from None
    if answer.status in BUSY_STATUSES:
        raise BucketUnavailable(f"It answered {answer.status}.")
    return answer


def bucket_url(key: str = "", query: str = "") -> str:
    """Return the unsigned address of a key, or without one of the bucket."""
    path = f"/{quote(key, safe='/~')}"
    return f"{bucket_base_url()}{path if key else '/'}{f'?{query}' if query else ''}"
