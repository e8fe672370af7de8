"""Opening a document: permission, record, link. The way of a request ends here."""

from uuid import UUID

from media_core.documents.models import Document
from media_core.documents.opening import ServedObject, find
from media_core.storages.tenant_storage import find_storage, sign_url
from tenants.errors import NotFound
from tenants.people.identity import Member


def find_document(document_id: UUID, member: Member | None) -> Document:
    """Return a document that this member, or a stranger, may read, with its objects. One query.

    Raises NotFound, the same for one that is missing, another tenant's, or not readable.
    """
    found: Document | None = (
        Document.objects.readable_by(member)
        .with_object()
        .select_related("public_copy")
        .served_now()
        .filter(pk=document_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def find_served(document_id: UUID, member: Member | None) -> ServedObject:
    """Return what this asker gets of a readable document; nothing is written down. One statement. Raises NotFound."""
    return _require_found(find(document_id, member, is_noted=False))


def open_document(document_id: UUID, member: Member | None) -> tuple[ServedObject, str]:
    """Return what is served and its address: public, or signed. The access is recorded before, as far as it is one.

    A stranger who is sent to a public address gets nothing that they could not have without us, so nothing is
    written down. One statement finds and records; no request to the bucket. Raises NotFound.
    """
    served = _require_found(find(document_id, member, is_noted=True))
    return served, _build_address(served)


def _require_found(served: ServedObject | None) -> ServedObject:
    if served is None:
        raise NotFound
    return served


def _build_address(served: ServedObject) -> str:
    if served.is_public:
        return find_storage(served.stored).build_public_url(served.stored)
    return sign_url(served.stored, file_name=served.name)
