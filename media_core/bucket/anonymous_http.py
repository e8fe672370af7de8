"""What somebody without credentials gets of the bucket: plain HTTP, written exactly as it is given."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from botocore.awsrequest import AWSRequest

from media_core.bucket.bucket_errors import BUSY_STATUSES, NO_ANSWER_ERRORS
from media_core.bucket.client import get_bucket_sender
from media_core.bucket.public_access import get_bucket_base_url
from media_core.errors import BucketUnavailable

# How long is waited before a request is sent again; the last one is not.
PAUSES_SECONDS = (0.2, 1.0)
# How much longer is waited for a link to be over, at a bucket whose clock is behind.
MAX_CLOCK_LAG_SECONDS = 30.0
# How stores say no: by AWS, Ceph RGW and their front ends.
REFUSAL_STATUSES = frozenset({400, 401, 403, 404, 405, 411, 412, 501})


@dataclass(frozen=True, slots=True)
class BucketRequest:
    """One request. Its URL may be a presigned one, so it is never shown."""

    method: str
    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class BucketResponse:
    """What came back."""

    status: int
    body: bytes = field(repr=False)
    # Names in small letters.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_refusal(self) -> bool:
        return self.status in REFUSAL_STATUSES


def send_anonymously(request: BucketRequest) -> BucketResponse:
    """Send a request without credentials, follow nothing, and return the answer. For threads as well.

    A bucket that is busy or does not answer is asked three times. Raises BucketUnavailable then.
    """
    for pause in PAUSES_SECONDS:
        try:
            return _send_once(request)
        except BucketUnavailable:
            time.sleep(pause)
    return _send_once(request)


def _send_once(request: BucketRequest) -> BucketResponse:
    given = dict(request.headers)
    blank = AWSRequest(request.method, "http://placeholder", headers=given, data=request.body)
    prepared = blank.prepare()
    # As it was signed, or tampered with: to prepare a URL is to write it anew.
    prepared.url = request.url
    try:
        response = get_bucket_sender().send(prepared)
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = BucketResponse(response.status_code, response.content, headers)
    except NO_ANSWER_ERRORS as error:
        # Its text would name the URL.
        raise BucketUnavailable(type(error).__name__) from None
    if answer.status in BUSY_STATUSES:
        raise BucketUnavailable(f"It answered {answer.status}.")
    return answer


def measure_clock_lag(answer: BucketResponse) -> float | None:
    """Return how far the bucket's clock is behind ours, negative where it is ahead; None where it does not say."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).replace(tzinfo=UTC)
    except ValueError:
        return None
    return (datetime.now(UTC) - theirs).total_seconds()


def build_bucket_url(key: str = "", query: str = "") -> str:
    """Return the unsigned address of a key, or without one of the bucket."""
    path = f"/{quote(key, safe='/~')}"
    return f"{get_bucket_base_url()}{path if key else '/'}{f'?{query}' if query else ''}"
