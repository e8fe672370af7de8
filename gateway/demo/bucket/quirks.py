"""What Ceph RGW overlooks or leaves out; code that relied on it would pass here and fail there."""

import re
from dataclasses import replace
from http import HTTPStatus

from gateway.demo.bucket.request import Handler, S3Request
from gateway.demo.bucket.responses import Refused, Response

CONDITIONS = "if-(none-)?match"
SOURCE_CONDITIONS = "x-amz-copy-source-if-.*"
OVERLOOKED_HEADERS = {
    "CompleteMultipartUpload": re.compile(CONDITIONS),
    "CopyObject": re.compile(f"{CONDITIONS}|{SOURCE_CONDITIONS}|x-amz-tagging(-directive)?"),
    "DeleteObject": re.compile(CONDITIONS),
    "UploadPartCopy": re.compile(SOURCE_CONDITIONS),
}
ETAG = re.compile(rb"<ETag>[^<]*</ETag>")
QUOTED_ETAG = re.compile(rb"<ETag>(?:\"|&quot;)([^<&\"]*)(?:\"|&quot;)</ETag>")


def drop_overlooked_headers(request: S3Request, answer: Handler) -> Response:
    """Pass on the request without what RGW does not obey: it answers 200 and does the thing."""
    overlooked = OVERLOOKED_HEADERS.get(request.operation)
    if overlooked is None:
        return answer(request)
    names = [name for name in request.headers.list_names() if overlooked.fullmatch(name)]
    return answer(replace(request, headers=request.headers.exclude(names)))


def refuse_quoted_etags(request: S3Request, answer: Handler) -> Response:
    """Refuse the If-Match of a write in quotes, as boto sends it: to RGW no ETag is like that."""
    etag = request.headers.get("if-match") if request.operation == "PutObject" else ""
    if etag.startswith('"'):
        raise Refused("PreconditionFailed")
    response = answer(request)
    if etag and response.status == HTTPStatus.NOT_FOUND:
        raise Refused("PreconditionFailed")
    return response


def rewrite_etags(request: S3Request, answer: Handler) -> Response:
    """Leave the ETag of a finished upload empty, a HEAD has it; give that of a copy unquoted."""
    response = answer(request)
    if request.operation == "CompleteMultipartUpload":
        return replace(response, body=ETAG.sub(b"<ETag></ETag>", response.body))
    if request.operation in {"CopyObject", "UploadPartCopy"}:
        return replace(response, body=QUOTED_ETAG.sub(rb"<ETag>\1</ETag>", response.body))
    return response
