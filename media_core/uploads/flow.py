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
    find_editable,
    publish,
    require_publishable_folder,
    require_revision,
)
from media_core.documents.tree import confirm_place
from media_core.documents.versions import NewFile, add_version, create_version
from media_core.errors import NotPublished, UploadRefused, UploadTooLarge
from media_core.inspection.proved_types import prove_type
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import Content
from media_core.storages.object_copies import remove_object
from media_core.storages.tenant_storage import exists_anywhere, find_storage
from media_core.templatetags.sizes import size
from tenants.binding import bound_tenant
from tenants.errors import GatewayError
from tenants.names import clean_file_name, clean_title
from tenants.tenant_limits import get_upload_max_bytes


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
        require_publishable_folder(folder)
    document = _store(uploader=uploader, file=file, title=title, folder=folder)
    if visibility == Document.Visibility.PUBLIC:
        return _publish(document, uploader)
    return document


def _publish(document: Document, uploader: Editor) -> Document:
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
    document = find_editable(document_id, uploader)
    require_revision(document, revision)
    with _store_original(file) as (original, etag):
        new = NewFile(original, clean_file_name(file.name or ""), note, etag)
        return add_version(document, new, editor=uploader)


def _store(*, uploader: Editor, file: "File[bytes]", title: str, folder: Folder | None) -> Document:
    """Return the document of a file that is stored for members."""
    name = clean_file_name(file.name or "")
    title = clean_title(title or name)
    with _store_original(file) as (original, etag), transaction.atomic():
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
        create_version(document, NewFile(original, name), number=1, editor=uploader)
    return document


@contextmanager
def _store_original(file: "File[bytes]") -> Iterator[tuple[StoredObject, str]]:
    """Lend a pending row whose bytes are in the bucket, and their ETag; given up when the block fails."""
    content = read_content(file)
    # durable: an outer transaction that rolled back would leave an object that no row knows.
    with transaction.atomic(durable=True):
        original = StoredObject.objects.reserve(content)
    with ExitStack() as on_failure:
        on_failure.callback(original.abandon_or_reopen)
        file.seek(0)
        yield original, find_storage(original).put(original, file, file_name=content.file_name)
        on_failure.pop_all()


def read_content(file: "File[bytes]") -> Content:
    """Return what the ledger writes down of an uploaded file. Raises NameRefused, UploadRefused or TypeRefused."""
    name = clean_file_name(file.name or "")
    return Content(
        file_name=name,
        size_bytes=require_allowed_size(file.size),
        content_type=prove_type(file, name=name, claimed=getattr(file, "content_type", "") or ""),
        sha256=compute_sha256(file),
    )


def require_allowed_size(size_bytes: int | None) -> int:
    """Return the size of a file that the bound tenant takes: something, and not too much."""
    if not size_bytes:
        raise UploadRefused("The file is empty.")
    most = get_upload_max_bytes(bound_tenant())
    if size_bytes > most:
        raise UploadTooLarge(f"It has {size(size_bytes)}; {size(most)} is the most.")
    return size_bytes


def compute_sha256(file: "File[bytes]") -> str:
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
    remove = exists_anywhere if dry_run else sweep_object
    return [row for row in list_abandoned() if remove(row)]


def list_abandoned() -> list[StoredObject]:
    """Return the rows of what the sweep removes. One query."""
    return list(StoredObject.objects.removable(timezone.now()))


def sweep_object(row: StoredObject) -> bool:
    """Remove the object of a given-up row; return whether it was there, and its upload did not come to its end."""
    if row.state in {StoredObject.State.STORED, StoredObject.State.GONE}:
        return False
    if row.state == StoredObject.State.PENDING and not row.abandon():
        return False
    was_there = exists_anywhere(row)
    return remove_object(row) and was_there
