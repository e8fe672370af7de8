"""The list of unfinished uploads: in order, in pages and with the time they began, unlike moto's."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from gateway.demo.bucket.moto_store import Store
from gateway.demo.bucket.request import Handler, S3Request
from gateway.demo.bucket.responses import Response

UPLOAD_ID = re.compile(rb"<UploadId>([^<]+)</UploadId>")
MAX_LISTED = 1000
Upload = tuple[str, str]


class UploadListLayer:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.begun: dict[str, datetime] = {}

    def __call__(self, request: S3Request, answer: Handler) -> Response:
        """Answer the list; remember when an upload begins."""
        if request.operation == "ListMultipartUploads":
            return self._answer_list(request)
        response = answer(request)
        made = UPLOAD_ID.search(response.body)
        if made and request.operation == "CreateMultipartUpload":
            self.begun[made[1].decode()] = request.received_at
        return response

    def _answer_list(self, request: S3Request) -> Response:
        most = min(int(request.get_parameter("max-uploads") or MAX_LISTED), MAX_LISTED)
        wanted = [
            each for each in self.store.list_uploads(request.bucket) if _is_wanted(each, request)
        ]
        page = wanted[:most]
        lines = [
            *_build_list_fields(request, page, most, more=len(wanted) > most),
            *self._build_entries(page, request),
        ]
        body = "".join(f"<{name}>{text}</{name}>" for name, text in lines)
        headers = (("Content-Type", "application/xml"),)
        document = f"<ListMultipartUploadsResult>{body}</ListMultipartUploadsResult>"
        return Response(200, headers, document.encode())

    def _build_entries(self, page: list[Upload], request: S3Request) -> Iterator[tuple[str, str]]:
        for key, identity in page:
            begun = self.begun.get(identity, datetime.now(UTC))
            said = f"<Key>{_encode_key(key, request)}</Key><UploadId>{identity}</UploadId>"
            yield "Upload", f"{said}<Initiated>{begun:%Y-%m-%dT%H:%M:%S}.000Z</Initiated>"


def _is_wanted(upload: Upload, request: S3Request) -> bool:
    """Return whether the upload is behind the markers; as on RGW a delimiter hides what is below it."""
    key, prefix, delimiter = (
        upload[0],
        request.get_parameter("prefix"),
        request.get_parameter("delimiter"),
    )
    marker, identity = (
        request.get_parameter("key-marker"),
        request.get_parameter("upload-id-marker"),
    )
    behind = upload > (marker, identity) if identity else key > marker
    hidden = bool(delimiter) and delimiter in key[len(prefix) :]
    return key.startswith(prefix) and behind and not hidden


def _build_list_fields(
    request: S3Request, page: list[Upload], most: int, *, more: bool
) -> Iterator[tuple[str, str]]:
    yield "Bucket", request.bucket
    yield "Prefix", _encode_key(request.get_parameter("prefix"), request)
    yield "MaxUploads", str(most)
    yield "IsTruncated", str(more).lower()
    if request.get_parameter("encoding-type") == "url":
        yield "EncodingType", "url"
    if more and page:
        yield "NextKeyMarker", _encode_key(page[-1][0], request)
        yield "NextUploadIdMarker", page[-1][1]


def _encode_key(key: str, request: S3Request) -> str:
    asked = request.get_parameter("encoding-type") == "url"
    return quote(key) if asked else escape(key, quote=False)
