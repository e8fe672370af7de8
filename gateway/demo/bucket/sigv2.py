"""AWS Signature Version 2, in the Authorization header and in the query of a presigned URL.

Follows "Signing and Authenticating REST Requests" of the S3 API reference: the path counts as the
client wrote it, with the bucket of a virtual host put in front. Request headers `x-amz-*` are part
of what is signed.
"""

import base64
import hmac
import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from gateway.demo.bucket.credentials import Credentials
from gateway.demo.bucket.request import S3Request
from gateway.demo.bucket.responses import Refused
from gateway.demo.bucket.s3_operations import PARAMETERS
from gateway.demo.bucket.sigv4 import SKEW

QUERY_PARAMETERS = frozenset({"AWSAccessKeyId", "Expires", "Signature"})
# "Sub-resources" of the S3 API reference, as boto and RGW read it: the query parameters that are
# signed.
SIGNED_PARAMETERS = frozenset(
    {
        "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory",
        "lifecycle", "location", "logging", "metrics", "notification", "object-lock", "partNumber",
        "policy", "replication", "requestPayment", "response-cache-control",
        "response-content-disposition", "response-content-encoding", "response-content-language",
        "response-content-type", "response-expires", "restore", "select", "select-type",
        "storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning",
        "versions", "website",
    }
)  # fmt: skip
# Not signed and without effect: boto repeats these headers in the query of a presigned PUT.
REPEATED_HEADERS = frozenset({"content-md5", "content-type"})


def verify_header(request: S3Request, credentials: Credentials) -> None:
    """Refuse a wrong `Authorization: AWS KEY:SIGNATURE`."""
    claim = re.fullmatch(r"AWS ([^\s:]+):([A-Za-z0-9+/=]+)", request.headers.get("authorization"))
    if claim is None:
        raise Refused("AuthorizationHeaderMalformed")
    date = "" if request.headers.get("x-amz-date") else request.headers.get("date")
    _verify(request, credentials, claim[1], claim[2], date)
    _refuse_skewed(request, request.headers.get("x-amz-date") or date)


def verify_query(request: S3Request, credentials: Credentials) -> None:
    """Refuse a presigned URL that is wrong or over."""
    names = [name for name, _ in request.query if name in QUERY_PARAMETERS]
    if sorted(names) != sorted(QUERY_PARAMETERS):
        raise Refused("AccessDenied", "AWSAccessKeyId, Expires and Signature must come once each.")
    access_key, signature = (
        request.get_parameter("AWSAccessKeyId"),
        request.get_parameter("Signature"),
    )
    expires = request.get_parameter("Expires")
    _verify(request, credentials, access_key, signature, expires)
    if "endless-links" in request.faults:
        return
    if not re.fullmatch("[0-9]{1,11}", expires) or int(expires) < request.received_at.timestamp():
        raise Refused("AccessDenied", "The presigned URL has expired.")


def sign(credentials: Credentials, text: str) -> str:
    """Return the signature of `text`: HMAC-SHA1 in base64."""
    digest = hmac.digest(credentials.secret_key.encode(), text.encode("latin-1"), "sha1")
    return base64.b64encode(digest).decode()


def _verify(
    request: S3Request, credentials: Credentials, access_key: str, signature: str, date: str
) -> None:
    if not hmac.compare_digest(access_key.encode(), credentials.access_key.encode()):
        raise Refused("InvalidAccessKeyId")
    _refuse_uncovered(request)
    expected = sign(credentials, build_string_to_sign(request, date))
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise Refused("SignatureDoesNotMatch")


def build_string_to_sign(request: S3Request, date: str) -> str:
    """Return what the client should have signed; `date` is the Expires of a presigned URL."""
    headers = request.headers
    standard = [request.method, headers.get("content-md5"), headers.get("content-type"), date]
    amz = [f"{name}:{headers.get(name)}" for name in headers.list_names("x-amz-")]
    return "\n".join([*standard, *amz, _build_resource(request)])


def _build_resource(request: S3Request) -> str:
    path = f"/{request.bucket}{request.raw_path}" if request.virtual else request.raw_path
    pairs = sorted((name, value) for name, value in request.query if name in SIGNED_PARAMETERS)
    signed = "&".join(f"{name}={value}" if value else name for name, value in pairs)
    # Headers are read as latin-1, one character a byte; the decoded query becomes the same here.
    return f"{path}?{signed}".encode().decode("latin-1") if signed else path


def _refuse_uncovered(request: S3Request) -> None:
    """Refuse parameters the signature does not cover, except those a listing always had unsigned.

    RGW overlooks what it does not know; here an added parameter is taken as tampering.
    """
    known = QUERY_PARAMETERS | SIGNED_PARAMETERS | PARAMETERS | REPEATED_HEADERS
    if any(name not in known for name, _ in request.query):
        raise Refused("SignatureDoesNotMatch", "A query parameter is not covered by the signature.")


def _refuse_skewed(request: S3Request, date: str) -> None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        raise Refused("AccessDenied", "The request has no valid date.") from None
    if abs(request.received_at - moment.replace(tzinfo=moment.tzinfo or UTC)) > SKEW:
        raise Refused("RequestTimeTooSkewed")
