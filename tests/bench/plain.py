"""Opening a document as Django's ORM does it by itself: what the compiled statements are compared with.

The same middleware, the same permission, the same record and the same link; only the queries are written anew by
each request: the session, the document, the record.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path

from media_core.documents.models import AccessEvent
from media_core.documents.open import find_document
from media_core.documents.views import LINK_HEADERS
from media_core.storages.tenant_storage import sign_url
from tenants.binding import get_bound_tenant_id
from tenants.people.identity import require_member
from tenants.people.models import Session
from tenants.people.sessions import SessionStore as CompiledSessionStore


class SessionStore(CompiledSessionStore):
    def _get_session_from_db(self) -> Any:
        mine: Any = Session.objects.open(self.session_key or "", get_bound_tenant_id())
        row: Any = mine.select_related("person", "visit").first()
        self.open_session = row
        return row


def open_view(request: HttpRequest, document_id: UUID, name: str) -> HttpResponse:
    member = require_member(request)
    document = find_document(document_id, member)
    AccessEvent.objects.create(
        document_id=document.id,
        document_name=document.name,
        person_id=member.person_id,
        person_name=member.name,
    )
    address = sign_url(document.original, file_name=document.name)
    return HttpResponseRedirect(address, headers=LINK_HEADERS)


class PlainMiddleware:
    """Leads to the view of this module."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.urlconf = "tests.bench.plain"
        return self.get_response(request)


urlpatterns = [path("d/<uuid:document_id>/<str:name>", open_view)]
