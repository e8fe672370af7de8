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
from media_core.files.find import Found
from media_core.files.ranges import Part, RangeRefused, Span, asked_span, is_still_the_same
from media_core.storages.content_types import disposition
from media_core.storages.filesystem import disk_storage

Response = TypeVar("Response", bound=HttpResponseBase)

# What a browser shows of a file may load nothing, run nothing and send nothing.
_NOTHING = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; "
SANDBOXED = f"{_NOTHING}form-action 'none'; frame-ancestors 'none'; sandbox"
# The viewers of browsers do not show a PDF in a sandbox. They run in an origin of their own, not in the tenant's.
PDF_POLICY = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src 'none'"


def sent(request: HttpRequest, found: Found, *, cache_control: str) -> HttpResponseBase:
    """Return the file's bytes, or a part of them, or "not modified". Raises ObjectMissing, ObjectDiffers.

    With DISK_MEDIA_SENDER the answer tells the web server which file to send instead.
    """
    headers = headers_of(found, cache_control)
    with ExitStack() as unless_sent:
        file = unless_sent.enter_context(disk_storage(found.stored.area).opened(found.stored))
        refuse_another_size(file, found)
        if settings.DISK_MEDIA_SENDER != "gateway":
            return handed_over(found, headers)
        early = answer_without_bytes(request, found, headers)
        if early is not None:
            return early
        response = answer_with_bytes(request, found, file, headers)
        # From here on the answer closes the file.
        unless_sent.pop_all()
    return response


def refuse_another_size(file: IO[bytes], found: Found) -> None:
    """Raise ObjectDiffers for a file that was cut, or grew: its length would not be what is announced."""
    there_bytes = os.fstat(file.fileno()).st_size
    if there_bytes != found.stored.size_bytes:
        raise ObjectDiffers(f"{found.stored.pk}: {there_bytes} bytes of {found.stored.size_bytes}.")


def headers_of(found: Found, cache_control: str) -> dict[str, str]:
    """Return what the file is to be served with. Nothing of it comes from the request."""
    stored = found.stored
    is_pdf = found.content_type == "application/pdf"
    return {
        "Content-Type": found.content_type,
        "Content-Disposition": disposition(found.content_type, found.file_name),
        "Cache-Control": cache_control,
        "Content-Security-Policy": PDF_POLICY if is_pdf else SANDBOXED,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "ETag": f'"{stored.sha256}"',
        "Last-Modified": http_date(modified(found)),
        "Accept-Ranges": "bytes",
    }


def modified(found: Found) -> int:
    """Return when the object was stored, in seconds since 1970."""
    at = found.stored.stored_at
    return int(at.timestamp()) if at else 0


def answer_without_bytes(
    request: HttpRequest, found: Found, headers: dict[str, str]
) -> HttpResponse | None:
    """Return the answer to HEAD, to conditions that do not hold, to a part that is not there; None to send bytes."""
    not_about_content = {k: v for k, v in headers.items() if not k.startswith("Content-D")}
    early = get_conditional_response(request, etag=headers["ETag"], last_modified=modified(found))
    if early is not None:
        return with_headers(early, {**not_about_content, "Content-Type": ""})
    if request.method == "HEAD":
        return HttpResponse(headers={**headers, "Content-Length": str(found.stored.size_bytes)})
    try:
        span_for(request, found)
    except RangeRefused as refusal:
        size = {"Content-Range": f"bytes */{found.stored.size_bytes}"}
        plain = HttpResponse(f"{refusal.message}\n", status=refusal.status)
        return with_headers(plain, {**not_about_content, **size, "Content-Type": "text/plain"})
    return None


def answer_with_bytes(
    request: HttpRequest, found: Found, file: IO[bytes], headers: dict[str, str]
) -> HttpResponseBase:
    """Return the whole file or the part that is asked for. The answer closes the file."""
    size_bytes, span = found.stored.size_bytes, span_for(request, found)
    if span is None:
        whole = {**headers, "Content-Length": str(size_bytes)}
        return with_headers(FileResponse(file), whole)
    part = {
        "Content-Range": f"bytes {span.first}-{span.last}/{size_bytes}",
        "Content-Length": str(span.size_bytes),
    }
    response = FileResponse(Part(file, span), status=HTTPStatus.PARTIAL_CONTENT)
    return with_headers(response, {**headers, **part})


def span_for(request: HttpRequest, found: Found) -> Span | None:
    """Return the part of the file to send, or None for all of it. Raises RangeRefused."""
    has, etag = request.headers.get("If-Range", ""), headers_of(found, "")["ETag"]
    if not is_still_the_same(has, etag=etag, modified=modified(found)):
        return None
    return asked_span(request.headers.get("Range", ""), found.stored.size_bytes)


def with_headers(response: Response, headers: dict[str, str]) -> Response:
    """Return the answer with these headers, in place of those that Django guessed; an empty one is none."""
    for name, value in headers.items():
        if value:
            response.headers[name] = value
        else:
            del response.headers[name]
    return response


def handed_over(found: Found, headers: dict[str, str]) -> HttpResponse:
    """Return the answer that tells the web server which file to send. It does parts and conditions itself."""
    storage = disk_storage(found.stored.area)
    if settings.DISK_MEDIA_SENDER == "x-sendfile":
        where = {"X-Sendfile": quote(storage.path_of(found.stored))}
    else:
        where = {"X-Accel-Redirect": settings.DISK_MEDIA_INTERNAL_URL + quote(found.stored.key)}
    kept = {name: value for name, value in headers.items() if name not in {"ETag", "Accept-Ranges"}}
    return HttpResponse(headers={**kept, **where})
