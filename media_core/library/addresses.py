"""The addresses of a document, as a person copies them into a mail."""

from django.http import HttpRequest
from django.urls import reverse

from media_core.documents.models import Document
from media_core.storages.room import storage_of


def permanent_address(request: HttpRequest, document: Document) -> str:
    """Return the gateway's own address of a document: it asks who may read at every opening."""
    path = reverse("documents:open", args=[document.pk, document.name])
    return request.build_absolute_uri(path)


def direct_address(document: Document) -> str:
    """Return where the public reads the bytes without the gateway; empty while there is no such place. No request."""
    if document.public_object is None:
        return ""
    return storage_of(document.public_object).public_url(document.public_object)
