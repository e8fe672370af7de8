"""What objects are called in their rooms."""

from uuid import UUID

from tenants.prefixes import make_ascii_name


def build_object_name(area: str, object_id: UUID, file_name: str, *, folder: str = "") -> str:
    """Return what an object is called in its room: in a folder of its own, in a folder of the area if one is given."""
    return f"{area}/{folder}{object_id}/{make_ascii_name(file_name)}"
