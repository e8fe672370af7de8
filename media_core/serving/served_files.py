"""Which file an address means, when it is one that may be given now."""

from dataclasses import dataclass

from media_core.app_files.models import AppFile
from media_core.ledger.models import StoredObject
from media_core.storages.signed_files import unsign_file_path
from tenants.errors import GatewayError, NotFound
from tenants.prefixes import PRIVATE_AREA, PUBLIC_AREA, validate_object_name


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A stored object, and as what it is given."""

    stored: StoredObject
    file_name: str
    content_type: str


def find_signed(token: str, file_name: str) -> ServedFile:
    """Return what a signed address gives at the bound tenant's host. Raises NotFound. One query."""
    signed = unsign_file_path(token, file_name)
    stored: StoredObject | None = (
        StoredObject.objects.stored().served_now().filter(pk=signed.object_id).first()
    )
    if stored is None:
        raise NotFound
    return ServedFile(stored, signed.file_name, signed.content_type)


def find_public(name: str) -> ServedFile:
    """Return the public object of this name: of a public document, or of an app. Raises NotFound. One query."""
    stored: StoredObject | None = (
        StoredObject.objects.published()
        .served_now()
        .filter(name=build_object_name(PUBLIC_AREA, name))
        .select_related("published_document")
        .first()
    )
    if stored is None:
        raise NotFound
    document = getattr(stored, "published_document", None)
    return ServedFile(
        stored, document.name if document else get_file_name(name), stored.content_type
    )


def find_private(name: str) -> ServedFile:
    """Return the private file that an app keeps under this name, for a permission to be asked. One query.

    Raises NotFound, the same for one that is missing, another tenant's, or no app's.
    """
    build_object_name(PRIVATE_AREA, name)
    files = AppFile.objects.live(PRIVATE_AREA).select_related("stored_object")
    file: AppFile | None = files.served_now().filter(name=name).first()
    if file is None:
        raise NotFound
    return ServedFile(file.stored_object, file.file_name, file.stored_object.content_type)


def build_object_name(area: str, name: str) -> str:
    """Return the name relative to the room. Raises NotFound for one of which no key could be made."""
    try:
        return validate_object_name(f"{area}/{name}")
    except GatewayError as error:
        raise NotFound from error


def get_file_name(name: str) -> str:
    """Return what people call a file that an app keeps under this name."""
    return name.rpartition("/")[2]
