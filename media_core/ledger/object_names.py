"""What objects are called in their rooms."""

from uuid import UUID

from tenants.prefixes import PUBLIC_AREA, safe_name

# Where private files of apps lie; also their kind in the ledger.
APP_FOLDER = "app"


def object_name(area: str, object_id: UUID, file_name: str, app_name: str | None) -> str:
    """Return what an object is called in its room."""
    if app_name is None:
        return f"{area}/{object_id}/{safe_name(file_name)}"
    if area == PUBLIC_AREA:
        return f"{area}/{app_name}"
    return f"{area}/{APP_FOLDER}/{object_id}/{safe_name(file_name)}"
