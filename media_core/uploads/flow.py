"""An upload through the gateway: row first, object second, document last. A kill between any two loses nothing.

After a kill the ledger still has the pending row; `sweep` removes what it may have left in the bucket.
"""

import hashlib
from contextlib import ExitStack

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from media_core.documents.models import Document
from media_core.documents.permissions import Uploader, confirm_uploader
from media_core.errors import UploadRefused, UploadTooLarge
from media_core.storages.models import StoredObject
from media_core.storages.shared_bucket import room_storage
from tenants.names import checked_file_name, checked_human_name


def store_upload(
    *, uploader: Uploader, file: "File[bytes]", title: str = "", visibility: str = "private"
) -> Document:
    """Return the document of an uploaded file that is now in the bucket. One bucket request.

    Raises NameRefused, UploadRefused, UploadTooLarge, BucketUnavailable or UploadLost; then there is
    no document, and what may lie in the bucket is known to the ledger.
    """
    name = checked_file_name(file.name or "")
    title = checked_human_name(title or name, longest=200)
    size_bytes = checked_size(file.size)
    digest = sha256_of(file)
    # durable: an outer transaction that rolled back would leave an object that no row knows.
    with transaction.atomic(durable=True):
        stored = StoredObject.objects.reserve(file_name=name, size_bytes=size_bytes, sha256=digest)
    with ExitStack() as on_failure:
        on_failure.callback(stored.give_up)
        file.seek(0)
        etag = room_storage(StoredObject.Area.PRIVATE).put(stored, file)
        with transaction.atomic():
            confirm_uploader(uploader)
            stored.mark_stored(etag)
            document: Document = Document.objects.create(
                title=title,
                name=name,
                visibility=visibility,
                stored_object=stored,
                created_by_id=uploader.person_id,
                created_by_name=uploader.name,
            )
        on_failure.pop_all()
    return document


def checked_size(size_bytes: int | None) -> int:
    """Return the size of a file that may be stored: something, and not too much."""
    if not size_bytes:
        raise UploadRefused("The file is empty.")
    if size_bytes > settings.UPLOAD_MAX_BYTES:
        raise UploadTooLarge(f"It has {size_bytes} bytes; {settings.UPLOAD_MAX_BYTES} is the most.")
    return size_bytes


def sha256_of(file: "File[bytes]") -> str:
    """Return the digest of the file's bytes, read in chunks."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def sweep(*, dry_run: bool = False) -> list[StoredObject]:
    """Remove what uploads of the bound tenant left when they failed or were killed; return their rows.

    Idempotent, and safe beside running uploads: those are younger, or find their row taken and end with UploadLost.
    One bucket request per row.
    """
    rows: list[StoredObject] = list(StoredObject.objects.given_up(timezone.now()))
    return rows if dry_run else [row for row in rows if remove_given_up(row)]


def remove_given_up(row: StoredObject) -> bool:
    """Remove the object of a given-up row; return False when its upload came to its end after all."""
    if row.state != StoredObject.State.ABANDONED and not row.abandon():
        return False
    room_storage(StoredObject.Area(row.area)).remove(row)
    return row.mark_gone()
