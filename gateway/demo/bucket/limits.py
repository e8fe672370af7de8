"""What moto would take and a real store does not."""

import re
from collections.abc import Callable

from gateway.demo.bucket.errors import Refused, Response
from gateway.demo.bucket.policy import Policy
from gateway.demo.bucket.request import S3Request
from gateway.demo.bucket.store import Store

LONGEST_KEY_BYTES = 1024
MOST_DELETIONS = 1000
CANNED_ACLS = frozenset({"private", "public-read"})
UPLOADS = frozenset(
    {"UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload", "ListParts"}
)
MOST_PARTS = 10_000
NUMBERS = ("max-keys", "max-parts", "max-uploads", "part-number-marker", "partNumber")


class Limits:
    def __init__(self, store: Store) -> None:
        self.store = store

    def __call__(self, request: S3Request, answer: Callable[[S3Request], Response]) -> Response:
        """Pass on what a real store would take."""
        for check in (
            _check_key,
            _check_headers,
            _check_acl,
            _check_numbers,
            self._check_upload,
            _check_content,
        ):
            check(request)
        return answer(request)

    def _check_upload(self, request: S3Request) -> None:
        """Refuse an upload id under another key than its own; moto looks at the id only."""
        if request.operation not in UPLOADS:
            return
        owner = self.store.key_of_upload(request.bucket, request.parameter("uploadId"))
        repeated = request.operation == "CompleteMultipartUpload" and self.store.was_completed(
            request
        )
        if owner != request.key and not repeated:
            raise Refused("NoSuchUpload")


def _check_key(request: S3Request) -> None:
    if len(request.key.encode()) > LONGEST_KEY_BYTES:
        raise Refused("InvalidObjectName")


def _check_headers(request: S3Request) -> None:
    """Refuse what would be promised and not kept: encryption, storage classes, locks."""
    if request.headers.names("x-amz-server-side-encryption") or request.headers.names(
        "x-amz-object-lock-"
    ):
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
    # A "<" inside a key is written "&lt;", so this counts elements.
    if (
        request.operation == "DeleteObjects"
        and len(re.findall(rb"<Object[\s>]", request.content)) > MOST_DELETIONS
    ):
        raise Refused("MalformedXML", "At most 1000 keys can be deleted at once.")
    if request.operation == "PutBucketPolicy":
        Policy.read(request.content)
