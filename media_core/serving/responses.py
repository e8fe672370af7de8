"""How a file on disk is sent: with headers that decide what a browser may do with it, whole or in part."""

import os
from contextlib import ExitStack
from http import HTTPStatus
from typing import IO, TypeVar
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from media_core.errors import ObjectDiffers
from media_core.serving.ranges import ByteRange, FileSlice, RangeRefused, is_unchanged, parse_range
from media_core.serving.served_files import ServedFile
from media_core.storages.content_types import build_disposition
from media_core.storages.disk_storage import get_disk_storage

Response = TypeVar("Response", bound=HttpResponseBase)

# What a browser shows of a file may load nothing, run nothing and send nothing.
_LOAD_NOTHING = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; "
SANDBOX_POLICY = f"{_LOAD_NOTHING}form-action 'none'; frame-ancestors 'none'; sandbox"
# The viewers of browsers do not show a PDF in a sandbox. They run in an origin of their own, not in the tenant's.
PDF_POLICY = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src 'none'"


def make_file_response(
    request: HttpRequest, found: ServedFile, *, cache_control: str
) -> HttpResponseBase:
    """Return the file's bytes, or a part of them, or "not modified". Raises ObjectMissing, ObjectDiffers.

    With DISK_MEDIA_SENDER the answer tells the web server which file to send instead.
    """
    headers = build_headers(found, cache_control)
    with ExitStack() as unless_sent:
        file = unless_sent.enter_context(
            get_disk_storage(found.stored.area).open_object(found.stored)
        )
        refuse_another_size(file, found)
        if settings.DISK_MEDIA_SENDER != "gateway":
            return make_sendfile_response(found, headers)
        early = answer_without_bytes(request, found, headers)
        if early is not None:
            return early
        response = answer_with_bytes(request, found, file, headers)
        # From here on the answer closes the file.
        unless_sent.pop_all()
    return response


def refuse_another_size(file: IO[bytes], found: ServedFile) -> None:
    """Raise ObjectDiffers for a file that was cut, or grew: its length would not be what is announced."""
    there_bytes = os.fstat(file.fileno()).st_size
    if there_bytes != found.stored.size_bytes:
        raise ObjectDiffers(f"{found.stored.pk}: {there_bytes} bytes of {found.stored.size_bytes}.")


def build_headers(found: ServedFile, cache_control: str) -> dict[str, str]:
    """Return what the file is to be served with. Nothing of it comes from the request."""
    stored = found.stored
    is_pdf = found.content_type == "application/pdf"
    return {
        "Content-Type": found.content_type,
        "Content-Disposition": build_disposition(found.content_type, found.file_name),
        "Cache-Control": cache_control,
        "Content-Security-Policy": PDF_POLICY if is_pdf else SANDBOX_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "ETag": f'"{stored.sha256}"',
        "Last-Modified": http_date(get_stored_timestamp(found)),
        "Accept-Ranges": "bytes",
    }


def get_stored_timestamp(found: ServedFile) -> int:
    """Return when the object was stored, in seconds since 1970."""
    at = found.stored.stored_at
    return int(at.timestamp()) if at else 0


def answer_without_bytes(
    request: HttpRequest, found: ServedFile, headers: dict[str, str]
) -> HttpResponse | None:
    """Return the answer to HEAD, to conditions that do not hold, to a part that is not there; None to send bytes."""
    not_about_content = {k: v for k, v in headers.items() if not k.startswith("Content-D")}
    early = get_conditional_response(
        request, etag=headers["ETag"], last_modified=get_stored_timestamp(found)
    )
    if early is not None:
        return set_headers(early, {**not_about_content, "Content-Type": ""})
    if request.method == "HEAD":
        return HttpResponse(headers={**headers, "Content-Length": str(found.stored.size_bytes)})
    try:
        find_range(request, found)
    except RangeRefused as refusal:
        size = {"Content-Range": f"bytes */{found.stored.size_bytes}"}
        plain = HttpResponse(f"{refusal.message}\n", status=refusal.status)
        return set_headers(plain, {**not_about_content, **size, "Content-Type": "text/plain"})
    return None


def answer_with_bytes(
    request: HttpRequest, found: ServedFile, file: IO[bytes], headers: dict[str, str]
) -> HttpResponseBase:
    """Return the whole file or the part that is asked for. The answer closes the file."""
    size_bytes, span = found.stored.size_bytes, find_range(request, found)
    if span is None:
        whole = {**headers, "Content-Length": str(size_bytes)}
        return set_headers(FileResponse(file), whole)
    part = {
        "Content-Range": f"bytes {span.first}-{span.last}/{size_bytes}",
        "Content-Length": str(span.size_bytes),
    }
    response = FileResponse(FileSlice(file, span), status=HTTPStatus.PARTIAL_CONTENT)
    return set_headers(response, {**headers, **part})


def find_range(request: HttpRequest, found: ServedFile) -> ByteRange | None:
    """Return the part of the file to send, or None for all of it. Raises RangeRefused."""
    has, etag = request.headers.get("If-Range", ""), build_headers(found, "")["ETag"]
    if not is_unchanged(has, etag=etag, modified=get_stored_timestamp(found)):
        return None
    return parse_range(request.headers.get("Range", ""), found.stored.size_bytes)


def set_headers(response: Response, headers: dict[str, str]) -> Response:
    """Return the answer with these headers, in place of those that Django guessed; an empty one is none."""
    for name, value in headers.items():
        if value:
            response.headers[name] = value
        else:
            del response.headers[name]
    return response


def make_sendfile_response(found: ServedFile, headers: dict[str, str]) -> HttpResponse:
    """Return the answer that tells the web server which file to send. It does parts and conditions itself."""
    storage = get_disk_storage(found.stored.area)
    if settings.DISK_MEDIA_SENDER == "x-sendfile":
        where = {"X-Sendfile": quote(storage.find_path(found.stored))}
    else:
        where = {"X-Accel-Redirect": settings.DISK_MEDIA_INTERNAL_URL + quote(found.stored.key)}
    kept = {name: value for name, value in headers.items() if name not in {"ETag", "Accept-Ranges"}}
    return HttpResponse(headers={**kept, **where})
