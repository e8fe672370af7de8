"""The layers that moods are made of; each does nothing while its mood is off."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

from gateway.demo.bucket.moods import REFUSING, Moods
from gateway.demo.bucket.request import Answer, S3Request
from gateway.demo.bucket.responses import Refused, Response

LATE = {"late": timedelta(hours=1), "a-little-late": timedelta(seconds=5)}
BUSY_PAGE = b"<html><head><title>429</title></head><body>Too Many Requests</body></html>"
SIZE_FILTERS = re.compile(
    rb"<(ObjectSizeGreaterThan|ObjectSizeLessThan|NewerNoncurrentVersions)>[^<]*</\1>"
)
ACL_CALLS = frozenset({"PutObjectAcl", "PutBucketAcl"})
CONDITIONS = ("if-match", "if-none-match")


class AnswerLost(Exception):
    """The request was carried out, and nobody is told."""


class Temper:
    def __init__(self, moods: Moods) -> None:
        self.moods = moods

    def __call__(self, request: S3Request, answer: Answer) -> Response:
        """Decide which moods the request sees, and show those of the store as a whole."""
        request = replace(request, moods=self.moods.taken_by(request.operation))
        if slow := request.moods.get("slow"):
            time.sleep(slow.seconds)
        if "busy" in request.moods:
            return Refused("SlowDown").response()
        if "busy-html" in request.moods:
            return Response(429, (("Content-Type", "text/html"),), BUSY_PAGE)
        response = _by_the_clock(request, answer)
        if "lost-response" in request.moods:
            raise AnswerLost
        return response


def _by_the_clock(request: S3Request, answer: Answer) -> Response:
    late = next((by for mood, by in LATE.items() if mood in request.moods), None)
    if late is None:
        return answer(request)
    now = request.received_at - late
    response = answer(replace(request, received_at=now))
    return response.with_headers({"Date": format_datetime(now, usegmt=True)})


def unless(mood: str, layer: Callable[[S3Request, Answer], Response]) -> "_Unless":
    """Return the layer, left out of the row while the mood is on."""
    return _Unless(mood, layer)


class _Unless:
    def __init__(self, mood: str, layer: Callable[[S3Request, Answer], Response]) -> None:
        self.mood = mood
        self.layer = layer

    def __call__(self, request: S3Request, answer: Answer) -> Response:
        return answer(request) if self.mood in request.moods else self.layer(request, answer)


def refused_operations(request: S3Request, answer: Answer) -> Response:
    """Refuse what the store does not do in its mood."""
    for mood in request.moods:
        operations, code = REFUSING.get(mood, (frozenset(), ""))
        if request.operation in operations:
            raise Refused(code)
    return answer(request)


def acls(request: S3Request, answer: Answer) -> Response:
    """Refuse ACLs as AWS does where the bucket's owner owns everything, or overlook them."""
    said = [*request.headers.names("x-amz-acl"), *request.headers.names("x-amz-grant-")]
    if not said and request.operation not in ACL_CALLS:
        return answer(request)
    if "acls-unsupported" in request.moods:
        raise Refused("AccessControlListNotSupported")
    if "acls-overlooked" not in request.moods:
        return answer(request)
    if request.operation in ACL_CALLS:
        return Response(200)
    return answer(replace(request, headers=request.headers.without(said)))


def forgotten_conditions(request: S3Request, answer: Answer) -> Response:
    """Let a write overwrite, whatever it asked for."""
    if "unconditional" not in request.moods or request.operation != "PutObject":
        return answer(request)
    return answer(replace(request, headers=request.headers.without(CONDITIONS)))


def spoiled_contents(request: S3Request, answer: Answer) -> Response:
    """Pass on another content than the one that came."""
    spoil = SPOILING.get(request.operation)
    if spoil is None or spoil[0] not in request.moods:
        return answer(request)
    return answer(replace(request, content=spoil[1](request.content)))


def _without_size_filters(rules: bytes) -> bytes:
    return SIZE_FILTERS.sub(b"", rules)


def _last_byte_wrong(part: bytes) -> bytes:
    return part[:-1] + bytes([part[-1] ^ 1]) if part else part


SPOILING: Mapping[str, tuple[str, Callable[[bytes], bytes]]] = {
    "PutBucketLifecycle": ("lifecycle-drops-size-filter", _without_size_filters),
    "UploadPart": ("corrupt-multipart", _last_byte_wrong),
}
