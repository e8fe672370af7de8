"""The trash: a document is hidden at once, can be restored for TRASH_DAYS, and is purged after that.

Trashing: one transaction in which the document leaves its folder, becomes private, and its public copy is condemned;
then the copy is removed. The originals of all versions stay until it is purged, and RETENTION_DAYS longer.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from media_core.audit.models import audited
from media_core.documents.folders import Folder, path_of
from media_core.documents.locks import hold_the_tree
from media_core.documents.models import Document, TrashEntry, Version
from media_core.documents.moves import reading
from media_core.documents.permissions import Editor, confirm_editor
from media_core.documents.publishing import (
    Asked,
    ask_again,
    editable,
    point_document,
    remove_copy,
    settle_copies,
)
from media_core.errors import WideningNotConfirmed
from media_core.ledger.models import StoredObject
from tenants.errors import NotFound


def trash_document(document_id: UUID, *, editor: Editor) -> TrashEntry:
    """Move a document to the trash, and return its entry. A public one is public no more. One bucket request then.

    Raises NotFound, RoleRequired, DocumentChanged, or StillPublic when it is in the trash, but
    its public copy could not be removed yet.
    """
    asked = Asked(lambda: editable(document_id, editor), editor, "moved to the trash")
    document = asked.find()
    path = path_of(document.folder)
    with transaction.atomic():
        ask_again(document, asked)
        entry: TrashEntry = TrashEntry.objects.create(
            title=document.title,
            path=path,
            was_restricted=Folder.objects.restricting(path).exists(),
            trashed_by_id=editor.person_id,
            trashed_by_name=editor.name,
        )
        point_document(
            document,
            visibility=Document.Visibility.PRIVATE,
            public_copy=None,
            folder=None,
            trash_entry=entry,
        )
        settle_copies(None, document.public_copy)
        audited(editor, asked.action, subject_id=document.pk, subject=document.title)
    if document.public_copy:
        remove_copy(document.public_copy)
    return entry


def find_entry(entry_id: UUID, editor: Editor) -> TrashEntry:
    """Return an entry of the trash that this editor finds, with its document. Raises NotFound. One query."""
    entries = TrashEntry.objects.visible_to(editor).select_related("document__original")
    found: TrashEntry | None = entries.filter(pk=entry_id, document__isnull=False).first()
    if found is None:
        raise NotFound
    return found


def find_target(entry: TrashEntry) -> Folder | None:
    """Return the folder into which it goes back: its own, or the nearest that is there; None is the top. One query."""
    there = {folder.pk: folder for folder in Folder.objects.filter(pk__in=entry.path)}
    return next((there[pk] for pk in reversed(entry.path) if pk in there), None)


def count_readers(entry: TrashEntry) -> int:
    """Return how many people can open it once it is back. Three queries."""
    return len(reading(path_of(find_target(entry))))


def is_in_its_folder(entry: TrashEntry) -> bool:
    """Return whether it goes back into the folder where it lay, or lay in none. One query."""
    target = find_target(entry)
    return [*entry.path][-1:] == ([target.pk] if target else [])


def restore_document(entry_id: UUID, *, editor: Editor, readers: int | None = None) -> Document:
    """Restore a document from the trash, private, and return it. No bucket request.

    Where its folder is gone it goes into the nearest one, and `readers` says how many people can open it there; without
    the right number it raises WideningNotConfirmed. Raises NotFound or RoleRequired.
    """
    with transaction.atomic():
        hold_the_tree()
        confirm_editor(editor)
        entry = find_entry(entry_id, editor)
        if not is_in_its_folder(entry) and readers != count_readers(entry):
            raise WideningNotConfirmed(count_readers(entry))
        document: Document = entry.document
        Document.objects.filter(pk=document.pk).update(trash_entry=None, folder=find_target(entry))
        TrashEntry.objects.filter(pk=entry.pk).delete()
        audited(editor, "restored from the trash", subject_id=document.pk, subject=document.title)
    return document


def purge_entry(entry: TrashEntry) -> bool:
    """Remove a document that was in the trash for good; return False when it was restored meanwhile.

    Its originals are condemned, and lie in the bucket for RETENTION_DAYS more. No bucket request.
    """
    with transaction.atomic():
        hold_the_tree()
        document = Document.objects.filter(trash_entry=entry.pk).first()
        if document is None:
            return False
        originals = {document.original_id, *_list_originals(document)}
        Version.objects.filter(document=document.pk).delete()
        document.delete()
        TrashEntry.objects.filter(pk=entry.pk).delete()
        keep_for = timedelta(days=settings.RETENTION_DAYS)
        for original in StoredObject.objects.filter(pk__in=originals):
            original.condemn(keep_for=keep_for)
        audited(None, "purged", subject_id=document.pk, subject=document.title)
    return True


def _list_originals(document: Document) -> list[UUID]:
    return list(Version.objects.filter(document=document.pk).values_list("original", flat=True))
