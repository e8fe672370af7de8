"""A further object of the room: row first and committed, bytes second, read back; given up when what follows fails."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from shutil import copyfileobj
from typing import IO, Any

from django.conf import settings
from django.db import transaction

from media_core import disk_files
from media_core.errors import BucketUnavailable
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import Content
from media_core.storages.tenant_storage import find_storage, remove_everywhere, verify_bytes


@dataclass(frozen=True, slots=True)
class ProvedCopy:
    """An object that is there, and whose row waits for somebody to point to it."""

    stored: StoredObject
    etag: str


@contextmanager
def copy_object(
    source: StoredObject, *, area: str, file_name: str, kind: str = "", **given: Any
) -> Iterator[ProvedCopy]:
    """Lend a proved copy of an object in another area, with the headers of that area; its row has what is given.

    It holds no quota. When the block fails, the copy is given up. Raises ObjectMissing, ObjectDiffers,
    BucketUnavailable. One INSERT, one bucket request, or two where its answer does not prove the bytes.
    """
    content = Content(file_name, source.size_bytes, source.content_type, source.sha256)
    # durable: an outer transaction that rolled back would leave an object that no row knows.
    with transaction.atomic(durable=True):
        target = StoredObject.objects.create_pending(
            content, area=area, kind=kind or source.kind, **given
        )
    with _abandon_on_failure(target):
        etag = copy_bytes(source, target, file_name)
        prove_copy(source, target, etag)
        yield ProvedCopy(target, etag)


def prove_copy(source: StoredObject, target: StoredObject, etag: str) -> None:
    """Raise ObjectDiffers unless the copy has the bytes of its source.

    The store computed the ETag: an equal one is proof, as is a digest of the whole. Else the copy is read back.
    """
    if etag not in {source.etag, source.sha256}:
        verify_bytes(target)


def copy_bytes(source: StoredObject, target: StoredObject, file_name: str) -> str:
    """Write the object of `target` with the bytes of `source`, wherever both lie; return its ETag."""
    if source.place == target.place:
        return find_storage(target).copy(source, target, file_name=file_name)
    with open_local_copy(source) as body:
        return find_storage(target).put(target, body, file_name=file_name)


@contextmanager
def store_public_copy(
    body: IO[bytes], source: StoredObject, *, area: str, file_name: str
) -> Iterator[ProvedCopy]:
    """Lend a proved public copy that was made from an object, and is kept beside it.

    It holds no quota. When the block fails, it is given up. Raises BucketUnavailable or ObjectDiffers. One INSERT, two
    bucket requests.
    """
    content = describe_content(body, file_name=file_name, content_type=source.content_type)
    with transaction.atomic(durable=True):
        target = StoredObject.objects.create_pending(
            content, area=area, kind=StoredObject.Kind.PUBLIC_COPY
        )
    with _abandon_on_failure(target):
        etag = find_storage(target).put(target, body, file_name=file_name)
        verify_bytes(target)
        yield ProvedCopy(target, etag)


def describe_content(body: IO[bytes], *, file_name: str, content_type: str) -> Content:
    """Return what the ledger writes down of these bytes; the file stands at its beginning afterwards."""
    body.seek(0)
    size_bytes, digest = disk_files.copy_and_digest(body, len)
    body.seek(0)
    return Content(file_name, size_bytes, content_type, digest)


@contextmanager
def open_local_copy(stored: StoredObject) -> Iterator[IO[bytes]]:
    """Lend an object as a temporary file, on disk, for other processes to read. Raises ObjectMissing. One request."""
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as body:
        with find_storage(stored).read(stored) as original:
            copyfileobj(original, body)
        body.seek(0)
        yield body


@contextmanager
def _abandon_on_failure(stored: StoredObject) -> Iterator[None]:
    with ExitStack() as on_failure:
        on_failure.callback(abandon_copy, stored)
        yield
        on_failure.pop_all()


def abandon_copy(stored: StoredObject) -> None:
    """Take back an object to which nobody points; the sweep asks once more, for what a late request brings.

    One that somebody points to after all, because its transaction did come to its end, stays.
    """
    # Read again: what a transaction that was rolled back said about the row is not so.
    row: StoredObject = StoredObject.objects.get(pk=stored.pk)
    row.may_be_there = stored.may_be_there
    if row.abandon_or_reopen() and row.state != StoredObject.State.GONE:
        with suppress(BucketUnavailable):
            remove_abandoned(row)


def remove_abandoned(stored: StoredObject) -> None:
    """Remove what an abandoned object left. Its row stays: the sweep asks once more, for what a late request brings.

    Where its key may be used again, nothing is removed while another does it: the key may be a new object's by then.
    """
    if stored.has_unique_key:
        remove_everywhere(stored)
    elif stored.claim_removal():
        try:
            remove_everywhere(stored)
        finally:
            stored.release_removal()


def remove_object(stored: StoredObject) -> bool:
    """Remove an object that leaves or was given up; return False when another did it. One bucket request.

    Up to three where its key may be used again: another's bytes stay, though no row may name them after a restore.
    """
    if stored.has_unique_key:
        remove_everywhere(stored)
        return stored.mark_removed()
    return _claim_and_remove(stored)


def _claim_and_remove(stored: StoredObject) -> bool:
    """Remove an object whose key may be used again: nobody else removes it, or takes the key, before it is gone.

    A late second request would remove what has the key by then. So one removal claims the row, committed, and only it
    says that the object is gone. Where it was killed, others may after REMOVAL_LIFETIME.
    """
    if not stored.claim_removal():
        return False
    try:
        remove_everywhere(stored)
    except BucketUnavailable:
        stored.release_removal()
        raise
    claimed = StoredObject.objects.filter(pk=stored.pk, removal_until=stored.removal_until)
    with transaction.atomic():
        row: StoredObject | None = claimed.select_for_update().first()
        return row is not None and row.mark_removed()
