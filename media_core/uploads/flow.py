"""An upload through the gateway: row first, object second, document last. A kill between any two loses nothing.

After a kill the ledger still has the pending row; `sweep` removes what it may have left in the bucket.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from media_core.documents.folders import Folder
from media_core.documents.models import Document
from media_core.documents.permissions import Editor, confirm_editor
from media_core.documents.publishing import (
    editable,
    publish,
    refuse_changed,
    refuse_closed_folder,
)
from media_core.documents.tree import confirm_place
from media_core.documents.versions import NewFile, add_row, add_version
from media_core.errors import NotPublished, UploadRefused, UploadTooLarge
from media_core.inspection.types import proved_type
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import Content
from media_core.storages.copies import take_away
from media_core.storages.room import lies_anywhere, storage_of
from media_core.templatetags.sizes import size
from tenants.binding import bound_tenant
from tenants.errors import GatewayError
from tenants.limits import largest_upload_bytes
from tenants.names import checked_file_name, checked_title


def store_upload(
    *,
    uploader: Editor,
    file: "File[bytes]",
    title: str = "",
    visibility: str = "private",
    folder: Folder | None = None,
) -> Document:
    """Return the document of an uploaded file that is now in the bucket. One bucket request, or as `publish` more.

    Raises NameRefused, UploadRefused, TypeRefused, UploadTooLarge, QuotaExceeded, InspectionBusy, BucketUnavailable,
    UploadLost or, for a public one in a restricted folder, PublishingRefused; then there is no document, and what may
    lie in the bucket is known to the ledger. Raises NotPublished when the document is there, but for members only.
    """
    if visibility == Document.Visibility.PUBLIC:
        refuse_closed_folder(folder)
    document = _store(uploader=uploader, file=file, title=title, folder=folder)
    if visibility == Document.Visibility.PUBLIC:
        return _published(document, uploader)
    return document


def _published(document: Document, uploader: Editor) -> Document:
    try:
        return publish(document.pk, editor=uploader)
    except GatewayError as error:
        raise NotPublished(error) from error


def replace_file(
    document_id: UUID,
    *,
    uploader: Editor,
    file: "File[bytes]",
    note: str = "",
    revision: int | None = None,
) -> Document:
    """Return the document with this file as its newest version. One bucket request; of a public document three.

    With a `revision` it replaces nothing that has another one by now. Raises NotFound, DocumentChanged and
    PublishingRefused, and as `store_upload`; then the document is as it was.
    """
    document = editable(document_id, uploader)
    refuse_changed(document, revision)
    with _stored_original(file) as (original, etag):
        new = NewFile(original, checked_file_name(file.name or ""), note, etag)
        return add_version(document, new, editor=uploader)


def _store(*, uploader: Editor, file: "File[bytes]", title: str, folder: Folder | None) -> Document:
    """Return the document of a file that is stored for members."""
    name = checked_file_name(file.name or "")
    title = checked_title(title or name)
    with _stored_original(file) as (original, etag), transaction.atomic():
        confirm_editor(uploader)
        confirm_place(folder, uploader)
        original.mark_stored(etag)
        document: Document = Document.objects.create(
            title=title,
            name=name,
            folder=folder,
            original=original,
            created_by_id=uploader.person_id,
            created_by_name=uploader.name,
        )
        add_row(document, NewFile(original, name), number=1, editor=uploader)
    return document


@contextmanager
def _stored_original(file: "File[bytes]") -> Iterator[tuple[StoredObject, str]]:
    """Lend a pending row whose bytes are in the bucket, and their ETag; given up when the block fails."""
    content = read_content(file)
    # durable: an outer transaction that rolled back would leave an object that no row knows.
    with transaction.atomic(durable=True):
        original = StoredObject.objects.reserve(content)
    with ExitStack() as on_failure:
        on_failure.callback(original.give_up)
        file.seek(0)
        yield original, storage_of(original).put(original, file, file_name=content.file_name)
        on_failure.pop_all()


def read_content(file: "File[bytes]") -> Content:
    """Return what the ledger writes down of an uploaded file. Raises NameRefused, UploadRefused or TypeRefused."""
    name = checked_file_name(file.name or "")
    return Content(
        file_name=name,
        size_bytes=checked_size(file.size),
        content_type=proved_type(file, name=name, claimed=getattr(file, "content_type", "") or ""),
        sha256=sha256_of(file),
    )


def checked_size(size_bytes: int | None) -> int:
    """Return the size of a file that the bound tenant takes: something, and not too much."""
    if not size_bytes:
        raise UploadRefused("The file is empty.")
    most = largest_upload_bytes(bound_tenant())
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
    """Remove what uploads of the bound tenant left when they failed or were killed; return those that were there.

    Idempotent, and safe beside running uploads: those are younger, or find their row taken and end with UploadLost.
    Two bucket requests per row.
    """
    remove = lies_anywhere if dry_run else remove_given_up
    return [row for row in list_given_up() if remove(row)]


def list_given_up() -> list[StoredObject]:
    """Return the rows of what the sweep removes. One query."""
    return list(StoredObject.objects.given_up(timezone.now()))


def remove_given_up(row: StoredObject) -> bool:
    """Remove the object of a given-up row; return whether it was there, and its upload did not come to its end."""
    if row.state in {StoredObject.State.STORED, StoredObject.State.GONE}:
        return False
    if row.state == StoredObject.State.PENDING and not row.abandon():
        return False
    was_there = lies_anywhere(row)
    return take_away(row) and was_there
