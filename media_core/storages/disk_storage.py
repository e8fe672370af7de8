"""The disk twin of the bucket's storages: the same rooms, areas and keys, below DISK_MEDIA_ROOT."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NoReturn

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.urls import reverse

from media_core import disk_files
from media_core.errors import ObjectMissing
from media_core.ledger.models import StoredObject
from tenants.binding import bound_tenant
from tenants.errors import NameRefused
from tenants.prefixes import ObjectKey, Prefix


class DiskStorage(FileSystemStorage):
    """One area (`media` or `private`) of one tenant's room. Names are relative to the area.

    Fixed for life: it never asks which tenant is bound. It signs nothing; links come from signed_files.py. Every
    operation raises BucketUnavailable when the disk does not do it now, BucketRefused when it may not.
    """

    def __init__(self, prefix: Prefix, area: StoredObject.Area) -> None:
        self.prefix = prefix
        self.area = area
        super().__init__(
            location=Path(settings.DISK_MEDIA_ROOT, f"{prefix}{area}"),
            file_permissions_mode=disk_files.FILE_MODE,
            directory_permissions_mode=disk_files.FOLDER_MODE,
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A storage is one tenant's, so it is never pickled. Pass the tenant's id and the name."
        )

    def deconstruct(self) -> NoReturn:
        raise TypeError("A storage is one tenant's, so it stands in no migration.")

    def _make_key(self, name: str) -> ObjectKey:
        return self.prefix.build_key(f"{self.area}/{name}")

    # Django's own would follow links, and try other names without end where one is taken.
    def _save(self, name: str, content: "File[bytes]") -> str:
        disk_files.write_once(self._make_key(name), content)
        return name

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if mode != "rb":
            raise ValueError(
                f"Objects are opened to be read ('rb'), not {mode!r}. Write with save()."
            )
        return File(disk_files.open_file(self._make_key(name)), name)

    def delete(self, name: str) -> None:
        key = self._make_key(name)
        disk_files.remove_file(key)

    def exists(self, name: str) -> bool:
        try:
            self._read_stat(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        return self._read_stat(name).st_size

    def get_modified_time(self, name: str) -> datetime:
        return datetime.fromtimestamp(self._read_stat(name).st_mtime, tz=UTC)

    def _read_stat(self, name: str) -> os.stat_result:
        with disk_files.open_file(self._make_key(name)) as file:
            return os.fstat(file.fileno())

    def path(self, name: str) -> str:
        return str(Path(settings.DISK_MEDIA_ROOT, self._make_key(name)))

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        if max_length is not None and len(name) > max_length:
            raise NameRefused(f"It has {len(name)} characters; {max_length} is the most here.")
        return name

    def url(self, name: str | None) -> NoReturn:
        raise TypeError(
            f"No link for {self.area} by name: signed_files.py signs, for a row that somebody may read."
        )

    def put(self, stored: StoredObject, body: IO[bytes], *, file_name: str) -> str:
        """Write the object of this row and return its ETag. A retry with the same bytes is fine.

        Raises ObjectDiffers when these are not as many bytes as the row says, or others are stored already.
        """
        key, size_bytes = self._require_key(stored), stored.size_bytes
        return disk_files.write_once(
            key, body, size_bytes=size_bytes, part=build_part_prefix(stored)
        )

    def copy(self, source: StoredObject, target: StoredObject, *, file_name: str) -> str:
        """Write the object of `target`, in this area, with the bytes of `source`; return its ETag."""
        with get_disk_storage(source.area).read(source) as body:
            return self.put(target, body, file_name=file_name)

    @contextmanager
    def read(self, stored: StoredObject) -> Iterator[IO[bytes]]:
        """Lend the bytes of the object as a stream. Raises ObjectMissing."""
        with self.open_object(stored) as file:
            yield file

    def open_object(self, stored: StoredObject) -> IO[bytes]:
        """Return the object as an open file, for who closes it later. Raises ObjectMissing."""
        try:
            return disk_files.open_file(self._require_key(stored))
        except FileNotFoundError as error:
            raise ObjectMissing(f"{stored.pk} is not on disk.") from error

    def holds(self, stored: StoredObject) -> bool:
        """Return whether the object of this row is there; another's under its key is not."""
        try:
            with self.read(stored) as body:
                found = None if stored.has_unique_key else disk_files.copy_and_digest(body, len)
        except ObjectMissing:
            return False
        return found in {None, (stored.size_bytes, stored.sha256)}

    def remove(self, stored: StoredObject) -> None:
        """Delete the object of this row, and no other; one that is not there counts as deleted."""
        key, part = self._require_key(stored), build_part_prefix(stored)
        if stored.has_unique_key:
            # A private file of an app has a folder, and each of its objects one in there.
            disk_files.remove_file(key, own_folders=1 + (stored.kind == stored.Kind.APP), part=part)
        elif self.holds(stored):
            disk_files.remove_file(key, part=part)
        else:
            disk_files.remove_parts(key, part)

    def build_public_url(self, stored: StoredObject) -> str:
        """Return the path of a public object at its tenant's host, without a signature."""
        name = self.prefix.extract_name(self._require_key(stored)).removeprefix(f"{self.area}/")
        return reverse("files:public", kwargs={"name": name}, urlconf=settings.ROOT_URLCONF)

    def find_path(self, stored: StoredObject) -> str:
        """Return where the object of this row lies, for a web server that sends it."""
        return str(Path(settings.DISK_MEDIA_ROOT, self._require_key(stored)))

    def _require_key(self, stored: StoredObject) -> ObjectKey:
        if stored.area != self.area or not self.prefix.holds(stored.key):
            raise ValueError(f"The object is not in the {self.area} area of {self.prefix}.")
        return stored.key


def build_part_prefix(stored: StoredObject) -> str:
    """Return how what is being written of this object is called meanwhile: by its row, where others lie beside it."""
    return (
        disk_files.PART_PREFIX
        if stored.has_unique_key
        else f"{disk_files.PART_PREFIX}{stored.pk.hex}-"
    )


def get_disk_storage(area: str) -> DiskStorage:
    """Return the disk's storage of an area of the bound tenant's room. No query, nothing is touched."""
    return DiskStorage(bound_tenant().prefix, StoredObject.Area(area))
