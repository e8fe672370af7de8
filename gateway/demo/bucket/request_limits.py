"""What moto would take and a real store does not."""

import re
from urllib.parse import parse_qsl

from gateway.demo.bucket.content_checks import check_content
from gateway.demo.bucket.moto_store import Store
from gateway.demo.bucket.request import Handler, S3Request
from gateway.demo.bucket.responses import Refused, Response

MAX_KEY_BYTES = 1024
# Where the headers of a request end for RGW.
MAX_METADATA_BYTES = 16 * 1024
MAX_TAGS = 10
CANNED_ACLS = frozenset({"private", "public-read"})
MULTIPART_OPERATIONS = frozenset(
    {"UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload", "ListParts"}
)
MAX_PARTS = 10_000
NUMERIC_PARAMETERS = ("max-keys", "max-parts", "max-uploads", "part-number-marker", "partNumber")


class RequestLimitLayer:
    def __init__(self, store: Store) -> None:
        self.store = store

    def __call__(self, request: S3Request, answer: Handler) -> Response:
        """Pass on what a real store would take."""
        checks = (_check_key, _check_headers, _check_acl, _check_numbers, check_content)
        for check in (*checks, self._check_upload):
            check(request)
        return answer(request)

    def _check_upload(self, request: S3Request) -> None:
        """Refuse an upload id under another key than its own; moto looks at the id only."""
        if request.operation not in MULTIPART_OPERATIONS:
            return
        owner = self.store.find_upload_key(request.bucket, request.get_parameter("uploadId"))
        completing = request.operation == "CompleteMultipartUpload"
        if owner != request.key and not (completing and self.store.was_completed(request)):
            raise Refused("NoSuchKey" if request.operation == "ListParts" else "NoSuchUpload")
        if completing and owner and self._has_missing_parts(request):
            raise Refused("InvalidPart")

    def _has_missing_parts(self, request: S3Request) -> bool:
        """Return whether fewer parts are named than came: RGW takes all or none."""
        named = set(re.findall(rb"<PartNumber>(\d+)</PartNumber>", request.content))
        stored = self.store.count_parts(request.bucket, request.get_parameter("uploadId"))
        return bool(named) and len(named) < stored


def _check_key(request: S3Request) -> None:
    if len(request.key.encode()) > MAX_KEY_BYTES:
        raise Refused("InvalidObjectName")


def _check_headers(request: S3Request) -> None:
    """Refuse what would be promised and not kept: encryption, storage classes, locks."""
    if len(parse_qsl(request.headers.get("x-amz-tagging"), keep_blank_values=True)) > MAX_TAGS:
        raise Refused("InvalidArgument", f"An object has {MAX_TAGS} tags at most.")
    told = sum(len(request.headers.get(name)) for name in request.headers.list_names("x-amz-meta-"))
    if told > MAX_METADATA_BYTES:
        raise Refused("MetadataTooLarge")
    promises = ("x-amz-server-side-encryption", "x-amz-object-lock-")
    if any(request.headers.list_names(promise) for promise in promises):
        raise Refused("NotImplemented", "This store neither encrypts nor locks.")
    if request.headers.get("x-amz-storage-class") not in {"", "STANDARD"}:
        raise Refused("InvalidArgument", "The only storage class is STANDARD.")


def _check_acl(request: S3Request) -> None:
    canned = request.headers.get("x-amz-acl")
    if canned and canned not in CANNED_ACLS:
        raise Refused("InvalidArgument", "ACLs are private and public-read.")
    if request.headers.list_names("x-amz-grant-"):
        raise Refused("NotImplemented", "ACLs are private and public-read.")
    if request.operation in {"PutObjectAcl", "PutBucketAcl"} and not canned:
        raise Refused("NotImplemented", "ACLs are set by the header x-amz-acl.")


def _check_numbers(request: S3Request) -> None:
    values = [value for name, value in request.query if name in NUMERIC_PARAMETERS]
    if not all(re.fullmatch("[0-9]{1,9}", value) for value in values):
        raise Refused("InvalidArgument")
    part = request.get_parameter("partNumber")
    if part and request.operation not in MULTIPART_OPERATIONS:
        raise Refused("NotImplemented", "Parts of a stored object cannot be read one by one.")
    if request.operation.startswith("UploadPart") and not 1 <= int(part or 0) <= MAX_PARTS:
        raise Refused("InvalidArgument", f"partNumber is between 1 and {MAX_PARTS}.")
