"""The body of a request: read once, into one piece, and compared with what was said about it."""

import base64
import hashlib
import hmac
import re
from dataclasses import replace

from gateway.demo.bucket.request import Handler, S3Request
from gateway.demo.bucket.responses import Refused, Response

# moto keeps a body in memory while it stores it.
MAX_BODY_BYTES = 1024**3
METHODS_WITH_BODY = frozenset({"PUT", "POST"})


def require_length(request: S3Request, answer: Handler) -> Response:
    """Refuse a body of unknown length, and one that is too long."""
    length = request.body.length
    if length is None and request.method in METHODS_WITH_BODY:
        raise Refused("MissingContentLength")
    if (length or 0) > MAX_BODY_BYTES:
        raise Refused("EntityTooLarge")
    return answer(request)


def read_body(request: S3Request, answer: Handler) -> Response:
    """Pass on the request with its content, or refuse content that is not what the headers say.

    aws-chunked bodies (`STREAMING-…`) are refused as Ceph RGW refuses them over TLS, where boto's
    default checksums fail.
    """
    declared = request.headers.get("x-amz-content-sha256")
    if declared.startswith("STREAMING-"):
        raise Refused("MissingContentLength", "aws-chunked bodies are not read here.")
    content = request.body.read_all()
    _check_sha256(declared, content)
    _check_md5(request.headers.get("content-md5"), content)
    return answer(replace(request, content=content))


def _check_sha256(declared: str, content: bytes) -> None:
    if declared in {"", "UNSIGNED-PAYLOAD"}:
        return
    if not re.fullmatch("[0-9a-f]{64}", declared):
        raise Refused(
            "InvalidArgument", "x-amz-content-sha256 is neither a SHA-256 nor UNSIGNED-PAYLOAD."
        )
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), declared):
        raise Refused("XAmzContentSHA256Mismatch")


def _check_md5(declared: str, content: bytes) -> None:
    if (
        declared
        and base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        != declared
    ):
        raise Refused("BadDigest")
