"""The layers that faults are made of; each does nothing while its fault is off."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

from gateway.demo.bucket.fault_injection import REFUSED_OPERATIONS, FaultRegistry
from gateway.demo.bucket.request import Handler, S3Request
from gateway.demo.bucket.responses import Refused, Response

CLOCK_DELAYS = {"late": timedelta(hours=1), "a-little-late": timedelta(seconds=5)}
BUSY_PAGE = b"<html><head><title>429</title></head><body>Too Many Requests</body></html>"
SIZE_FILTERS = re.compile(
    rb"<(ObjectSizeGreaterThan|ObjectSizeLessThan|NewerNoncurrentVersions)>[^<]*</\1>"
)
ACL_CALLS = frozenset({"PutObjectAcl", "PutBucketAcl"})
CONDITIONS = ("if-match", "if-none-match")


class AnswerLost(Exception):
    """The request was carried out, and nobody is told."""


class FaultLayer:
    def __init__(self, faults: FaultRegistry) -> None:
        self.faults = faults

    def __call__(self, request: S3Request, answer: Handler) -> Response:
        """Decide which faults the request sees, and show those of the store as a whole."""
        request = replace(request, faults=self.faults.consume_faults(request.operation))
        if slow := request.faults.get("slow"):
            time.sleep(slow.seconds)
        if "busy" in request.faults:
            return Refused("SlowDown").build_response()
        if "busy-html" in request.faults:
            return Response(429, (("Content-Type", "text/html"),), BUSY_PAGE)
        response = _answer_with_slow_clock(request, answer)
        if "lost-response" in request.faults:
            raise AnswerLost
        return response


def _answer_with_slow_clock(request: S3Request, answer: Handler) -> Response:
    late = next((by for fault, by in CLOCK_DELAYS.items() if fault in request.faults), None)
    if late is None:
        return answer(request)
    now = request.received_at - late
    response = answer(replace(request, received_at=now))
    return response.replace_headers({"Date": format_datetime(now, usegmt=True)})


def disable_on_fault(
    fault: str, layer: Callable[[S3Request, Handler], Response]
) -> "_DisabledOnFault":
    """Return the layer, left out of the row while the fault is on."""
    return _DisabledOnFault(fault, layer)


class _DisabledOnFault:
    def __init__(self, fault: str, layer: Callable[[S3Request, Handler], Response]) -> None:
        self.fault = fault
        self.layer = layer

    def __call__(self, request: S3Request, answer: Handler) -> Response:
        return answer(request) if self.fault in request.faults else self.layer(request, answer)


def refuse_operations(request: S3Request, answer: Handler) -> Response:
    """Refuse what the store does not do in its fault."""
    for fault in request.faults:
        operations, code = REFUSED_OPERATIONS.get(fault, (frozenset(), ""))
        if request.operation in operations:
            raise Refused(code)
    return answer(request)


def apply_acl_faults(request: S3Request, answer: Handler) -> Response:
    """Refuse ACLs as AWS does where the bucket's owner owns everything, or overlook them."""
    said = [*request.headers.list_names("x-amz-acl"), *request.headers.list_names("x-amz-grant-")]
    if not said and request.operation not in ACL_CALLS:
        return answer(request)
    if "acls-unsupported" in request.faults:
        raise Refused("AccessControlListNotSupported")
    if "acls-overlooked" not in request.faults:
        return answer(request)
    if request.operation in ACL_CALLS:
        return Response(200)
    return answer(replace(request, headers=request.headers.exclude(said)))


def drop_conditions(request: S3Request, answer: Handler) -> Response:
    """Let a write overwrite, whatever it asked for."""
    if "unconditional" not in request.faults or request.operation != "PutObject":
        return answer(request)
    return answer(replace(request, headers=request.headers.exclude(CONDITIONS)))


def corrupt_content(request: S3Request, answer: Handler) -> Response:
    """Pass on another content than the one that came."""
    spoil = CORRUPTIONS.get(request.operation)
    if spoil is None or spoil[0] not in request.faults:
        return answer(request)
    return answer(replace(request, content=spoil[1](request.content)))


def _drop_size_filters(rules: bytes) -> bytes:
    return SIZE_FILTERS.sub(b"", rules)


def _corrupt_last_byte(part: bytes) -> bytes:
    return part[:-1] + bytes([part[-1] ^ 1]) if part else part


CORRUPTIONS: Mapping[str, tuple[str, Callable[[bytes], bytes]]] = {
    "PutBucketLifecycle": ("lifecycle-drops-size-filter", _drop_size_filters),
    "UploadPart": ("corrupt-multipart", _corrupt_last_byte),
}
