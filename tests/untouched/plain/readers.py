"""Who reads the private files of this site: each app's own rule is asked. PRIVATE_MEDIA_READERS names `may_read`."""

from django.http import HttpRequest
from filer.models import File
from wagtail.documents import get_document_model

from tests.untouched.plain.models import Contract


def may_read(request: HttpRequest, name: str) -> bool:
    asked = (may_read_document, may_read_filer, may_read_contract)
    return any(may(request, name) for may in asked)


def may_read_document(request: HttpRequest, name: str) -> bool:
    """Whoever passes every restriction of the collection: what Wagtail's own view asks."""
    document = get_document_model().objects.filter(file=name).first()
    return document is not None and all(
        restriction.accept_request(request)
        for restriction in document.collection.get_view_restrictions()
    )


def may_read_filer(request: HttpRequest, name: str) -> bool:
    """Whoever django-filer lets read the file; its thumbnails are named after it."""
    named = [name, name.rpartition("__")[0]]
    file = File.objects.filter(file__in=named, is_public=False).first()
    return file is not None and bool(file.has_read_permission(request))


def may_read_contract(request: HttpRequest, name: str) -> bool:
    return request.user.is_authenticated and Contract.objects.filter(file=name).exists()
