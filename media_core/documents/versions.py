"""Versions of a document: a new file under the same address, and an older one restored. No byte of one is lost.

The new original's row, committed; its bytes; of a public document also the new public copy; then one transaction in
which the document points to them, the old public copy is condemned, and versions beyond what the tenant keeps go.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from media_core.audit.models import record_event
from media_core.documents.copies import make_public_copy, public_columns
from media_core.documents.models import Document, Version
from media_core.documents.permissions import Editor
from media_core.documents.publishing import (
    PublishRequest,
    find_editable,
    recheck_permission,
    require_revision,
    settle_public_copies,
    update_unchanged,
)
from media_core.errors import BucketUnavailable
from media_core.ledger.models import StoredObject
from media_core.storages.object_copies import ProvedCopy, remove_object
from tenants.binding import bound_tenant
from tenants.errors import NotFound

# How many versions a replacement drops. Where the agency lowered their number there may be many.
MAX_DROPPED = 50

logger = logging.getLogger("media_core.documents")


@dataclass(frozen=True, slots=True)
class NewFile:
    """What a document is to have: an original, under which name, and why. With an ETag it was written just now.

    Without a title it keeps the one it has.
    """

    original: StoredObject
    file_name: str
    note: str = ""
    etag: str = ""
    title: str = ""


def find_version(document: Document, number: int) -> Version:
    """Return a version of a document that somebody may edit, with its original. Raises NotFound. One query."""
    found: Version | None = (
        Version.objects.select_related("original")
        .filter(document=document.pk, number=number, original__state=StoredObject.State.STORED)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def restore_version(
    document_id: UUID, number: int, *, editor: Editor, revision: int | None = None
) -> Document:
    """Return the document with the file of an older version as its newest. No byte of the original is copied.

    What has these bytes under this file name already stays as it is. Raises as `add_version`, and NotFound.
    """
    document = find_editable(document_id, editor)
    version = find_version(document, number)
    # A renamed document has the original of before.
    if (version.original_id, version.file_name) == (document.original_id, document.name):
        return document
    require_revision(document, revision)
    file = NewFile(version.original, version.file_name, f"Version {number} restored")
    return add_version(document, file, editor=editor)


def add_version(document: Document, file: NewFile, *, editor: Editor) -> Document:
    """Let the document have this file, and its public copy be one of it.

    Raises NotFound, RoleRequired, DocumentChanged, PublishingRefused (a photo that cannot be published), UploadLost or
    BucketUnavailable; then nothing was changed.
    """
    asked = PublishRequest(lambda: find_editable(document.pk, editor), editor, "replaced")
    original = file.original
    original.etag = file.etag or original.etag
    with make_public_copy_if_published(document, file) as (copy, shown), transaction.atomic():
        recheck_permission(document, asked)
        if file.etag:
            original.mark_stored(file.etag)
        create_version(document, file, number=find_last_number(document) + 1, editor=editor)
        title = file.title or document.title
        update_unchanged(document, original=original, name=file.file_name, title=title, **shown)
        settle_public_copies(copy, document.public_copy)
        drop_old_versions(document)
        record_event(editor, asked.action, subject_id=document.pk, subject=title, detail=file.note)
        record_new_title(document, title, editor)
    _remove_old_copy(document.public_copy)
    return find_editable(document.pk, editor)


def record_new_title(document: Document, title: str, editor: Editor) -> None:
    """Write down that a document has another title now, if it has."""
    if title != document.title:
        before = f"from {document.title}"
        record_event(editor, "renamed", subject_id=document.pk, subject=title, detail=before)


@contextmanager
def make_public_copy_if_published(
    document: Document, file: NewFile
) -> Iterator[tuple[ProvedCopy | None, dict[str, object]]]:
    """Lend the new public copy, and the columns that say what the public gets: none where it gets nothing now."""
    if not document.is_served_to_public:
        yield None, {}
        return
    with make_public_copy(file.original, file_name=file.file_name) as copy:
        yield copy, public_columns(copy)


def find_last_number(document: Document) -> int:
    last = Version.objects.filter(document=document.pk).aggregate(last=Max("number"))["last"]
    return int(last or 0)


def create_version(document: Document, file: NewFile, *, number: int, editor: Editor) -> Version:
    """Add a version's row. One statement, in the transaction that holds the tree or makes the document."""
    version: Version = Version.objects.create(
        document=document,
        number=number,
        file_name=file.file_name,
        original=file.original,
        created_by_id=editor.person_id,
        created_by_name=editor.name,
        note=file.note,
    )
    return version


def drop_old_versions(document: Document) -> None:
    """Remove the oldest versions beyond what the tenant keeps, and condemn originals that no version has any more.

    At most MAX_DROPPED, for the tree is held meanwhile; the next replacement goes on.
    """
    kept = bound_tenant().versions_kept
    if kept is None:
        return
    versions = Version.objects.filter(document=document.pk)
    oldest_kept = versions.values_list("number", flat=True)[kept - 1 : kept].first()
    dropped = versions.filter(number__lt=oldest_kept or 0).order_by("number")
    for version in dropped.select_related("original")[:MAX_DROPPED]:
        version.delete()
        if not Version.objects.filter(original=version.original_id).exists():
            version.original.condemn(keep_for=timedelta(days=settings.RETENTION_DAYS))


def count_versions_to_drop(document: Document) -> int:
    """Return how many versions the next one drops. At most one query."""
    kept = bound_tenant().versions_kept
    if kept is None:
        return 0
    beyond = Version.objects.filter(document=document.pk).count() + 1 - kept
    return min(max(beyond, 0), MAX_DROPPED)


def _remove_old_copy(copy: StoredObject | None) -> None:
    if copy is None:
        return
    try:
        remove_object(copy)
    except BucketUnavailable as error:
        logger.warning("The public copy %s stays until the next sweep: %s", copy.pk, error)
