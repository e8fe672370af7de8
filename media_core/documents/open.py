"""Opening a document: permission, record, link. The way of a request ends here."""

from dataclasses import dataclass
from uuid import UUID

from media_core.documents.models import Document, opened
from media_core.storages.models import StoredObject
from media_core.storages.public import is_public
from media_core.storages.room import link_to, storage_of
from tenants.errors import NotFound
from tenants.people.identity import Member


@dataclass(frozen=True, slots=True)
class Served:
    """A document with the object that this asker gets: strangers the public one, members the one they stored."""

    document: Document
    stored: StoredObject

    @property
    def is_public(self) -> bool:
        """Whether its public address is given, which is no secret; else a signed one is."""
        return is_public(self.stored)


def find_document(document_id: UUID, member: Member | None) -> Document:
    """Return a document that this member, or a stranger, may read, with its objects. One query.

    Raises NotFound, the same for one that is missing, another tenant's, or not readable.
    """
    found: Document | None = (
        Document.objects.readable_by(member)
        .with_object()
        .select_related("public_object")
        .served_now()
        .filter(pk=document_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def find_served(document_id: UUID, member: Member | None) -> Served:
    """Return a readable document with the object that this asker gets. One query. Raises NotFound."""
    document = find_document(document_id, member)
    stored = document.stored_object if member else document.public_object
    if stored is None:
        raise NotFound
    return Served(document, stored)


def open_document(document_id: UUID, member: Member | None) -> tuple[Served, str]:
    """Return what is served and its address: public, or signed. The access is recorded before, as far as it is one.

    A stranger who is sent to a public address gets nothing that they could not have without us, so nothing is
    written down. Two statements, one for such a stranger; no request to the bucket. Raises NotFound.
    """
    served = find_served(document_id, member)
    if member or not served.is_public:
        opened(served.document, member)
    return served, _address(served)


def _address(served: Served) -> str:
    if served.is_public:
        return storage_of(served.stored).public_url(served.stored)
    return link_to(served.stored, file_name=served.document.name)
