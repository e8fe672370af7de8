"""How much a request may send. Decided by its Content-Length, before a byte of the body is read.

A server reads no more of a body than was declared; handlers.py counts what then really comes.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from media_core.errors import LengthRequired, UploadRefused, UploadTooLarge
from media_core.templatetags.sizes import size
from tenants.binding import bound_tenant
from tenants.errors import GatewayError
from tenants.tenant_limits import get_upload_max_bytes

# What a form without files needs. Django limits what it keeps in memory, not what it reads from files.
FORM_BYTES = 1_000_000
# Room for the other fields and the boundaries around a file of the largest size.
FORM_OVERHEAD_BYTES = 100_000

View = Callable[..., HttpResponse]


def accept_uploads(view: View) -> View:
    """Mark a view whose requests may carry a file as large as the tenant takes."""
    view.takes_uploads = True  # type: ignore[attr-defined]  # as Django marks csrf_exempt
    return view


class BodyLimitMiddleware:
    """Refuses a larger body than the view takes. Stands before everything that reads the body, CSRF included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        try:
            refuse_larger_body(request, find_body_limit(view))
        except GatewayError as refusal:
            # What is raised here Django answers with a 500: its process_exception is for views only.
            # How much is taken is no secret: whoever sends more and less finds out.
            context = {"error": refusal, "detail": refusal.detail}
            return render(request, "refused.html", context, status=refusal.status)
        return None


def refuse_larger_body(request: HttpRequest, limit: int) -> None:
    """Raise UploadTooLarge, UploadRefused or LengthRequired for a body that is larger, or of unknown length."""
    if "HTTP_TRANSFER_ENCODING" in request.META:
        raise LengthRequired
    if read_declared_length(request) > limit:
        raise UploadTooLarge(f"{size(limit - FORM_OVERHEAD_BYTES)} is the most.")


def read_declared_length(request: HttpRequest) -> int:
    """Return the body's length as the client declared it; the server reads no more than that."""
    given = request.META.get("CONTENT_LENGTH") or "0"
    if not (given.isascii() and given.isdecimal()):
        raise UploadRefused("The Content-Length is no number.")
    return int(given)


def find_body_limit(view: View) -> int:
    """Return the largest body in bytes that this view takes."""
    if getattr(view, "takes_uploads", False):
        return get_upload_max_bytes(bound_tenant()) + FORM_OVERHEAD_BYTES
    return FORM_BYTES
