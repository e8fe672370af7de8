"""Saving and reading an app's file. Row first and committed, object second, then what makes the file the app's.

All of it is committed beside the app's own transaction, but for one UPDATE: when the app's is rolled back or killed,
the object belongs to nobody, and the sweep removes it.
"""

from contextlib import ExitStack
from typing import IO, Any, Self

from django.core.files.base import File
from django.core.files.storage import Storage

from media_core.app_files.incoming import receive_file
from media_core.app_files.ledger import abandon_file, find_file, reserve_name, settle_file
from media_core.disk_files import copy_and_digest
from media_core.errors import ObjectDiffers, ObjectMissing
from media_core.ledger.models import StoredObject
from media_core.storages.shared_bucket import make_temporary_file
from media_core.storages.tenant_storage import find_storage
from tenants.binding import bound_tenant
from tenants.errors import RowOfAnotherTenant


def save_file(
    storage: Storage, area: str, name: str, content: "File[Any]", *, max_length: int | None
) -> str:
    """Return the name under which the file is stored: the given one, or another beside it. One bucket request.

    Raises NameRefused, UploadTooLarge, QuotaExceeded, BucketUnavailable or UploadLost; then there is no file, and what
    may lie in the bucket is known to the ledger.
    """
    with receive_file(content) as taken, ExitStack() as on_failure:
        file = reserve_name(storage, area, name, received=taken, max_length=max_length)
        on_failure.callback(abandon_file, file)
        stored = file.stored_object
        settle_file(file, find_storage(stored).put(stored, taken.body, file_name=file.file_name))
        on_failure.pop_all()
    return file.name


class StoredFile(File):  # type: ignore[type-arg]  # Django's is not generic when it runs
    """A copy of a stored file's bytes. It is opened again from its storage, never from a local file of that name."""

    def __init__(self, area: str, name: str) -> None:
        self.area = area
        self.tenant_id = bound_tenant().id
        super().__init__(read_file(area, name), name)

    def open(self, mode: str | None = None, *_args: Any, **_kwargs: Any) -> Self:
        """Go to the beginning; read the file again when it was closed. Raises RowOfAnotherTenant."""
        refuse_to_write(mode or "rb")
        if not self.closed:
            self.seek(0)
            return self
        if bound_tenant().id != self.tenant_id:
            raise RowOfAnotherTenant("The file was opened under another tenant: open it again.")
        self.file = read_file(self.area, str(self.name))
        return self


def refuse_to_write(mode: str) -> None:
    """Raise ValueError for every way to open a file but reading its bytes."""
    if mode != "rb":
        raise ValueError(f"Files are opened to be read ('rb'), not {mode!r}. Write with save().")


def read_file(area: str, name: str) -> IO[bytes]:
    """Return a copy of the file's bytes, in memory while it is small. One query, one bucket request.

    Raises FileNotFoundError when there is no such file, ObjectMissing when its bytes are lost, and ObjectDiffers when
    the object has other bytes: a public name may come again, and a restored database does not know of it.
    """
    try:
        return _read_copy(find_file(area, name).stored_object)
    except (ObjectMissing, ObjectDiffers):
        # It was deleted, or moved, since it was found.
        return _read_copy(find_file(area, name).stored_object)


def _read_copy(stored: StoredObject) -> IO[bytes]:
    with ExitStack() as on_failure:
        body = on_failure.enter_context(make_temporary_file())
        with find_storage(stored).read(stored) as original:
            found = copy_and_digest(original, body.write)
        if found != (stored.size_bytes, stored.sha256):
            raise ObjectDiffers(f"{stored.pk}: see manage.py bucket verify --repair.")
        body.seek(0)
        on_failure.pop_all()
    return body
