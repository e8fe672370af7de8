"""The storages that Django's STORAGES names: any app stores by them, under the tenant that is bound at each call."""

from datetime import datetime
from typing import Any, ClassVar

from django.core.files.base import File
from django.core.files.storage import Storage
from django.utils.deconstruct import deconstructible

from media_core.app_files import addresses, deleting, flow, listing
from media_core.app_files.ledger import find_file
from media_core.app_files.names import validate_app_name
from media_core.ledger.models import StoredObject


class AppStorage(Storage):
    """One area of whichever room is bound. It knows no tenant, no bucket and no secret, so it may stand anywhere.

    Every call raises NoTenantBound, BindingDisagrees or TenantSuspended where `bound_tenant` does, and NameRefused or
    KeyOutsidePrefix for a name of which no key can be made.
    """

    area: ClassVar[str]

    def __init__(self) -> None:
        """Take no option: whatever one said would stand in migrations."""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Store a file and return the name that it got. Raises UploadTooLarge, QuotaExceeded, BucketUnavailable."""
        called = validate_app_name(self.area, str((content.name if name is None else name) or ""))
        file = content if hasattr(content, "chunks") else File(content, called)
        return flow.save_file(self, self.area, called, file, max_length=max_length)

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        flow.refuse_to_write(mode)
        return flow.StoredFile(self.area, name)

    def delete(self, name: str) -> None:
        deleting.delete_file(self.area, name)

    def exists(self, name: str) -> bool:
        try:
            find_file(self.area, name)
        except FileNotFoundError:
            return False
        return True

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        return listing.list_path(self.area, path)

    def size(self, name: str) -> int:
        return find_file(self.area, name).stored_object.size_bytes

    def get_created_time(self, name: str) -> datetime:
        return find_file(self.area, name).created_at

    def get_modified_time(self, name: str) -> datetime:
        # A file is never changed: its bytes came once.
        file = find_file(self.area, name)
        return file.saved_at or file.created_at


@deconstructible(path="media_core.app_files.storages.PublicAppStorage")
class PublicAppStorage(AppStorage):
    """What everybody may see. Its addresses are permanent and unsigned."""

    area = StoredObject.Area.PUBLIC

    def url(self, name: str | None) -> str:
        return addresses.build_public_url(str(name))


@deconstructible(path="media_core.app_files.storages.PrivateAppStorage")
class PrivateAppStorage(AppStorage):
    """What some may see, and only by way of the gateway. Its addresses are permanent, and no secret."""

    area = StoredObject.Area.PRIVATE

    def url(self, name: str | None) -> str:
        return addresses.build_private_url(str(name))
