"""The storages that Django's STORAGES names: any app stores by them, under the tenant that is bound at each call."""

from datetime import datetime
from typing import Any, ClassVar

from django.core.files.base import File
from django.core.files.storage import Storage
from django.core.files.utils import validate_file_name
from django.utils.deconstruct import deconstructible

from media_core.app_files import addresses, deleting, flow, listing
from media_core.app_files.ledger import find
from media_core.storages.models import StoredObject


class AppStorage(Storage):
    """One area of whichever room is bound. It knows no tenant, no bucket and no secret, so it may stand anywhere.

    Every call raises NoTenantBound, BindingDisagrees or TenantSuspended where `bound_tenant` does, and NameRefused or
    KeyOutsidePrefix for a name of which no key can be made.
    """

    area: ClassVar[str]

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Store a file and return the name that it got. Raises UploadTooLarge, QuotaExceeded, BucketUnavailable."""
        called = str(name or content.name)
        validate_file_name(called, allow_relative_path=True)  # type: ignore[arg-type]  # the stubs know bytes only
        file = content if hasattr(content, "chunks") else File(content, called)
        return flow.store(self, self.area, called, file, max_length=max_length)

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if mode != "rb":
            raise ValueError(
                f"Files are opened to be read ('rb'), not {mode!r}. Write with save()."
            )
        return File(flow.read(self.area, name), name)

    def delete(self, name: str) -> None:
        deleting.delete(self.area, name)

    def exists(self, name: str) -> bool:
        try:
            find(self.area, name)
        except FileNotFoundError:
            return False
        return True

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        return listing.listed(self.area, path)

    def size(self, name: str) -> int:
        return find(self.area, name).size_bytes

    def get_created_time(self, name: str) -> datetime:
        return find(self.area, name).created_at

    def get_modified_time(self, name: str) -> datetime:
        # A file is never changed: its bytes came once.
        return find(self.area, name).stored_at or find(self.area, name).created_at


@deconstructible(path="media_core.app_files.storages.PublicAppStorage")
class PublicAppStorage(AppStorage):
    """What everybody may see. Its addresses are permanent and unsigned."""

    area = StoredObject.Area.PUBLIC

    def url(self, name: str | None) -> str:
        return addresses.public_url(str(name))


@deconstructible(path="media_core.app_files.storages.PrivateAppStorage")
class PrivateAppStorage(AppStorage):
    """What some may see, and only by way of the gateway. Its addresses are permanent, and no secret."""

    area = StoredObject.Area.PRIVATE

    def url(self, name: str | None) -> str:
        return addresses.private_url(str(name))
