"""What an app's file is called: as the app says, or another name beside it when that one is taken."""

from collections.abc import Collection

from django.core.files.storage import Storage

from tenants.binding import bound_tenant


def validate_app_name(area: str, name: str) -> str:
    """Return the name when a key can be made of it; else raise NameRefused or KeyOutsidePrefix. No query."""
    bound_tenant().prefix.build_key(f"{area}/{name}")
    return name


class AvailableNames(Storage):
    """Finds a name as Django does, but knows what is taken instead of asking."""

    def __init__(self, storage: Storage, taken: Collection[str]) -> None:
        self.storage = storage
        self.taken = taken

    def exists(self, name: str) -> bool:
        return name in self.taken

    def get_alternative_name(self, file_root: str, file_ext: str) -> str:
        """Ask the app's own storage, which may call its files otherwise than Django does."""
        return self.storage.get_alternative_name(file_root, file_ext)
