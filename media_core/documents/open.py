"""Opening a document: permission, record, link. The way of a request ends here."""

from uuid import UUID

from media_core.documents.models import Document, opened
from media_core.storages.room import link_to
from tenants.errors import NotFound
from tenants.people.identity import Member


def find_document(document_id: UUID, member: Member | None) -> Document:
    """Return a document that this member, or a stranger, may read, with its object. One query.

    Raises NotFound, the same for one that is missing, another tenant's, or not readable.
    """
    found: Document | None = (
        Document.objects.readable_by(member)
        .with_object()
        .served_now()
        .filter(pk=document_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def open_document(document_id: UUID, member: Member | None) -> str:
    """Return a signed address of the document, after the permission and the access record.

    Two statements, no request to the bucket. Raises NotFound.
    """
    document = find_document(document_id, member)
    opened(document, member)
    return link_to(document.stored_object, file_name=document.name)
