"""What moto would take and a real store does not."""

import io
import re
from xml.parsers.expat import ExpatError, ParserCreate

from gateway.demo.bucket.policy import Policy
from gateway.demo.bucket.request import Answer, S3Request
from gateway.demo.bucket.responses import Refused, Response
from gateway.demo.bucket.store import Store

LONGEST_KEY_BYTES = 1024
MOST_DELETIONS = 1000
CANNED_ACLS = frozenset({"private", "public-read"})
UPLOADS = frozenset(
    {"UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload", "ListParts"}
)
XML_BODIES = frozenset(
    {
        "CompleteMultipartUpload",
        "DeleteObjects",
        "PutBucketCors",
        "PutBucketLifecycle",
        "PutBucketVersioning",
        "PutObjectLockConfiguration",
        "PutObjectTagging",
    }
)
MOST_PARTS = 10_000
NOT_KEPT = re.compile(rb"<(ObjectSizeGreaterThan|ObjectSizeLessThan|NewerNoncurrentVersions)>")
NUMBERS = ("max-keys", "max-parts", "max-uploads", "part-number-marker", "partNumber")


class Limits:
    def __init__(self, store: Store) -> None:
        self.store = store

    def __call__(self, request: S3Request, answer: Answer) -> Response:
        """Pass on what a real store would take."""
        checks = (_check_key, _check_headers, _check_acl, _check_numbers, _check_content)
        for check in (*checks, self._check_upload):
            check(request)
        return answer(request)

    def _check_upload(self, request: S3Request) -> None:
        """Refuse an upload id under another key than its own; moto looks at the id only."""
        if request.operation not in UPLOADS:
            return
        owner = self.store.key_of_upload(request.bucket, request.parameter("uploadId"))
        completing = request.operation == "CompleteMultipartUpload"
        if owner != request.key and not (completing and self.store.was_completed(request)):
            raise Refused("NoSuchUpload")


def _check_key(request: S3Request) -> None:
    if len(request.key.encode()) > LONGEST_KEY_BYTES:
        raise Refused("InvalidObjectName")


def _check_headers(request: S3Request) -> None:
    """Refuse what would be promised and not kept: encryption, storage classes, locks."""
    promises = ("x-amz-server-side-encryption", "x-amz-object-lock-")
    if any(request.headers.names(promise) for promise in promises):
        raise Refused("NotImplemented", "This store neither encrypts nor locks.")
    if request.headers.get("x-amz-storage-class") not in {"", "STANDARD"}:
        raise Refused("InvalidArgument", "The only storage class is STANDARD.")


def _check_acl(request: S3Request) -> None:
    canned = request.headers.get("x-amz-acl")
    if canned and canned not in CANNED_ACLS:
        raise Refused("InvalidArgument", "ACLs are private and public-read.")
    if request.headers.names("x-amz-grant-"):
        raise Refused("NotImplemented", "ACLs are private and public-read.")
    if request.operation in {"PutObjectAcl", "PutBucketAcl"} and not canned:
        raise Refused("NotImplemented", "ACLs are set by the header x-amz-acl.")


def _check_numbers(request: S3Request) -> None:
    values = [value for name, value in request.query if name in NUMBERS]
    if not all(re.fullmatch("[0-9]{1,9}", value) for value in values):
        raise Refused("InvalidArgument")
    part = request.parameter("partNumber")
    if part and request.operation not in UPLOADS:
        raise Refused("NotImplemented", "Parts of a stored object cannot be read one by one.")
    if request.operation.startswith("UploadPart") and not 1 <= int(part or 0) <= MOST_PARTS:
        raise Refused("InvalidArgument", f"partNumber is between 1 and {MOST_PARTS}.")


def _check_content(request: S3Request) -> None:
    if request.operation == "PutBucketPolicy":
        Policy.read(request.content)
    elif request.operation in XML_BODIES:
        _check_xml(request.content)
    if request.operation == "PutBucketLifecycle" and NOT_KEPT.search(request.content):
        # Without them the rule would mean every object.
        raise Refused("NotImplemented", "Lifecycle rules do not filter by size or number here.")
    if request.operation == "DeleteObjects" and _deletions(request.content) > MOST_DELETIONS:
        raise Refused("MalformedXML", f"At most {MOST_DELETIONS} keys can be deleted at once.")


def _deletions(content: bytes) -> int:
    # A "<" inside a key is written "&lt;", so this counts elements.
    return len(re.findall(rb"<Object[\s>]", content))


def _check_xml(content: bytes) -> None:
    try:
        ParserCreate().ParseFile(io.BytesIO(content))
    except ExpatError:
        raise Refused("MalformedXML") from None
