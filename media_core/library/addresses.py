"""The addresses of a document, as a person copies them into a mail."""

from django.http import HttpRequest
from django.urls import reverse

from media_core.documents.models import Document
from media_core.storages.public import is_public
from media_core.storages.room import storage_of


def permanent_address(request: HttpRequest, document: Document) -> str:
    """Return the gateway's own address of a document: it asks who may read at every opening."""
    path = reverse("documents:open", args=[document.pk, document.name])
    return request.build_absolute_uri(path)


def direct_address(request: HttpRequest, document: Document) -> str:
    """Return where the public reads the bytes, with its host; empty while there is no such place. No request."""
    shown = document.public_object
    # In mode gateway the bucket shows it to nobody.
    if shown is None or not is_public(shown):
        return ""
    # On disk it is a path at this host.
    return request.build_absolute_uri(storage_of(shown).public_url(shown))
