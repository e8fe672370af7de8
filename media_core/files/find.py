"""Which file on disk an address means, when it is one that may be given now."""

from dataclasses import dataclass

from media_core.storages.models import StoredObject
from media_core.storages.signed_files import signed_file
from tenants.errors import GatewayError, NotFound
from tenants.prefixes import PUBLIC_AREA, checked_name


@dataclass(frozen=True, slots=True)
class Found:
    """A stored object, and as what it is given."""

    stored: StoredObject
    file_name: str
    content_type: str


def find_signed(token: str, file_name: str) -> Found:
    """Return what a signed address gives at the bound tenant's host. Raises NotFound. One query."""
    signed = signed_file(token, file_name)
    stored: StoredObject | None = (
        StoredObject.objects.stored().served_now().filter(pk=signed.object_id).first()
    )
    if stored is None:
        raise NotFound
    return Found(stored, signed.file_name, signed.content_type)


def find_public(name: str) -> Found:
    """Return the public object of this name: one that a public document has as such. Raises NotFound. One query."""
    try:
        key_name = checked_name(f"{PUBLIC_AREA}/{name}")
    except GatewayError as error:
        raise NotFound from error
    stored: StoredObject | None = (
        StoredObject.objects.published()
        .served_now()
        .filter(name=key_name)
        .select_related("published_document")
        .first()
    )
    if stored is None:
        raise NotFound
    return Found(stored, stored.published_document.name, stored.content_type)
