"""The permanent address of a document."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from media_core.documents.models import Document
from media_core.documents.open import find_document, open_document
from media_core.storages.content_types import disposition
from tenants.people.identity import member_of

# The redirect holds a secret for one person: no cache may keep it, and no site may be told where it came from.
LINK_HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "Vary": "Cookie",
}


@require_safe
def open_view(request: HttpRequest, document_id: UUID, name: str = "") -> HttpResponse:
    """Redirect to the bytes of a document. HEAD is answered from the row."""
    member = member_of(request)
    if request.method == "HEAD":
        return described(find_document(document_id, member))
    return HttpResponseRedirect(open_document(document_id, member), headers=LINK_HEADERS)


def described(document: Document) -> HttpResponse:
    """Return the headers that the bytes would have, without asking the bucket."""
    stored = document.stored_object
    return HttpResponse(
        content_type=stored.content_type,
        headers={
            **LINK_HEADERS,
            "Content-Length": str(stored.size_bytes),
            "Content-Disposition": disposition(stored.content_type, document.name),
        },
    )
