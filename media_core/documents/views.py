"""The permanent address of a document."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from media_core.documents.open import find_served, open_document
from media_core.documents.opening import ServedObject
from media_core.storages.content_types import build_disposition
from media_core.storages.headers import PUBLIC_CACHE
from tenants.people.identity import Member, find_member

# The redirect holds a secret for one person: no cache may keep it, and no site may be told where it came from.
LINK_HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "Vary": "Cookie",
}
# The way to a public address is no secret and the same for all strangers. Never for longer, also where the object
# itself is: this is the address that leads on when the document is taken back or published again.
PUBLIC_LINK_HEADERS = {**LINK_HEADERS, "Cache-Control": PUBLIC_CACHE}


@require_safe
def open_view(request: HttpRequest, document_id: UUID, name: str = "") -> HttpResponse:
    """Redirect to the bytes of a document. HEAD is answered from the row."""
    member = find_member(request)
    if request.method == "HEAD":
        return build_head_answer(find_served(document_id, member), member)
    served, address = open_document(document_id, member)
    return HttpResponseRedirect(address, headers=link_headers(served, member))


def link_headers(served: ServedObject, member: Member | None) -> dict[str, str]:
    """Return what caches may do with the redirect: keep it for strangers, when it leads to a public address."""
    return LINK_HEADERS if member or not served.is_public else PUBLIC_LINK_HEADERS


def build_head_answer(served: ServedObject, member: Member | None) -> HttpResponse:
    """Return the headers that the bytes would have, without asking the bucket."""
    stored = served.stored
    return HttpResponse(
        content_type=stored.content_type,
        headers={
            **link_headers(served, member),
            "Content-Length": str(stored.size_bytes),
            "Content-Disposition": build_disposition(stored.content_type, served.name),
        },
    )
