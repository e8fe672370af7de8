"""An upload through the gateway: row first, object second, document last. A kill between any two loses nothing.

After a kill the ledger still has the pending row; `sweep` removes what it may have left in the bucket.
"""

import hashlib
from contextlib import ExitStack

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from media_core.documents.folders import Folder
from media_core.documents.models import Document
from media_core.documents.permissions import Editor, confirm_editor
from media_core.errors import UploadRefused, UploadTooLarge
from media_core.inspection.types import proved_type
from media_core.storages.models import Content, StoredObject
from media_core.storages.room import storage_of
from media_core.templatetags.sizes import size
from media_core.uploads.limits import upload_max_bytes
from tenants.names import checked_file_name, checked_human_name


def store_upload(
    *,
    uploader: Editor,
    file: "File[bytes]",
    title: str = "",
    visibility: str = "private",
    folder: Folder | None = None,
) -> Document:
    """Return the document of an uploaded file that is now in the bucket. One bucket request.

    Raises NameRefused, UploadRefused, TypeRefused, UploadTooLarge, QuotaExceeded, InspectionBusy, BucketUnavailable
    or UploadLost; then there is no document, and what may lie in the bucket is known to the ledger.
    """
    name = checked_file_name(file.name or "")
    title = checked_human_name(title or name, longest=200)
    content = Content(
        file_name=name,
        size_bytes=checked_size(file.size),
        content_type=proved_type(file, name=name, claimed=getattr(file, "content_type", "") or ""),
        sha256=sha256_of(file),
    )
    # durable: an outer transaction that rolled back would leave an object that no row knows.
    with transaction.atomic(durable=True):
        stored = StoredObject.objects.reserve(content)
    with ExitStack() as on_failure:
        on_failure.callback(stored.give_up)
        file.seek(0)
        etag = storage_of(stored).put(stored, file, file_name=name)
        with transaction.atomic():
            confirm_editor(uploader)
            stored.mark_stored(etag)
            document: Document = Document.objects.create(
                title=title,
                name=name,
                visibility=visibility,
                folder=folder,
                stored_object=stored,
                created_by_id=uploader.person_id,
                created_by_name=uploader.name,
            )
        on_failure.pop_all()
    return document


def checked_size(size_bytes: int | None) -> int:
    """Return the size of a file that the bound tenant takes: something, and not too much."""
    if not size_bytes:
        raise UploadRefused("The file is empty.")
    most = upload_max_bytes()
    if size_bytes > most:
        raise UploadTooLarge(f"It has {size(size_bytes)}; {size(most)} is the most.")
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
    if row.state == StoredObject.State.PENDING and not row.abandon():
        return False
    storage_of(row).remove(row)
    return row.mark_gone()
