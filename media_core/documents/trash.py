"""The trash: a document or a folder is hidden at once, can be restored for TRASH_DAYS, and is purged after that.

Trashing: one transaction in which all of it is marked and becomes private, and public copies are condemned; then they
are removed. Everything keeps its folder, so restoring takes the mark away. Purging: media_core/documents/purging.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils.translation import ngettext

from media_core.audit.models import record_event
from media_core.documents.folders import Folder, find_folder, list_path_ids
from media_core.documents.locks import lock_tree
from media_core.documents.models import Document, TrashEntry
from media_core.documents.moves import find_reader_ids
from media_core.documents.permissions import Editor, confirm_editor, readable_paths
from media_core.documents.publishing import (
    find_editable,
    remove_public_copy,
    settle_public_copies,
    update_unchanged,
)
from media_core.documents.tree import refuse_taken_name
from media_core.errors import DocumentChanged, WideningNotConfirmed
from media_core.ledger.models import StoredObject
from tenants.binding import bound_tenant
from tenants.errors import NotFound
from tenants.jobs.queue import request_job
from tenants.names import MAX_NAME
from tenants.people.identity import Member


class Contents(NamedTuple):
    """What is in a folder and all folders below it, or in an entry of the trash, as far as somebody may know of it."""

    folders: int = 0
    documents: int = 0
    size_bytes: int = 0
    public: int = 0


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What comes back, under which name, into which folder (None is the top), and how many people can open it there."""

    row: Document | Folder
    name: str
    target: Folder | None
    is_its_place: bool
    readers: int


def trash_document(document_id: UUID, *, editor: Editor) -> TrashEntry:
    """Move a document to the trash, and return its entry. A public one is public no more. One bucket request then.

    Raises NotFound, RoleRequired, DocumentChanged, or StillPublic when it is in the trash, but
    its public copy could not be removed yet.
    """
    with transaction.atomic():
        lock_tree()
        document = find_editable(document_id, editor)
        folder = document.folder
        entry = _make_entry(
            document.title, folder, list_path_ids(folder), editor=editor, is_folder=False
        )
        update_unchanged(
            document, visibility=Document.Visibility.PRIVATE, public_copy=None, trash_entry=entry
        )
        settle_public_copies(None, document.public_copy)
        record_event(editor, "moved to the trash", subject_id=document.pk, subject=document.title)
    if document.public_copy:
        remove_public_copy(document.public_copy)
    return entry


def trash_folder(folder_id: UUID, *, editor: Editor) -> TrashEntry:
    """Move a folder with everything in it to the trash, and return its entry. No bucket request.

    As a move does, it takes along what the editor cannot read. What was public is so no more: the sweep is requested,
    which removes the public copies. Raises NotFound, RoleRequired or DocumentChanged. The number of statements does
    not grow with the folder.
    """
    with transaction.atomic():
        lock_tree()
        confirm_editor(editor)
        folder = find_folder(folder_id, editor)
        entry = _make_entry(folder.name, folder.parent, folder.path, editor=editor, is_folder=True)
        documents = Document.objects.below(folder).untrashed()
        found = documents.aggregate(
            documents=Count("pk"),
            public=Count("pk", filter=Q(visibility=Document.Visibility.PUBLIC)),
            copies=Count("public_copy"),
        )
        copies = StoredObject.objects.filter(pk__in=documents.values("public_copy"))
        if copies.mark_condemned() != found["copies"]:
            raise DocumentChanged
        documents.update(
            visibility=Document.Visibility.PRIVATE, public_copy=None, trash_entry=entry
        )
        Folder.objects.below(folder).untrashed().update(trash_entry=entry)
        if found["copies"]:
            request_job("sweep", bound_tenant().id)
        held = ngettext("{} document", "{} documents", found["documents"])
        record_event(
            editor,
            "moved the folder to the trash",
            subject_id=folder.pk,
            subject=folder.name,
            detail=f"with {held.format(found['documents'])}, {found['public']} of them public",
        )
    return entry


def _make_entry(
    title: str, place: Folder | None, path: Sequence[UUID], *, editor: Editor, is_folder: bool
) -> TrashEntry:
    entry: TrashEntry = TrashEntry.objects.create(
        title=title,
        is_folder=is_folder,
        place=place,
        was_restricted=Folder.objects.restricting(path).exists(),
        trashed_by_id=editor.person_id,
        trashed_by_name=editor.name,
    )
    return entry


def count_contents(folder: Folder, member: Member) -> Contents:
    """Return what this member reads in a folder and below it. Two queries."""
    folders = Folder.objects.readable_by(member).below(folder).besides(folder.pk).count()
    is_public = Q(visibility=Document.Visibility.PUBLIC)
    found = (
        Document.objects.readable_by(member)
        .below(folder)
        .aggregate(
            documents=Count("pk"),
            size_bytes=Sum("original__size_bytes", default=0),
            public=Count("pk", filter=is_public),
        )
    )
    return Contents(folders, **found)


def count_entry_contents(entries: Iterable[TrashEntry], member: Member) -> dict[UUID, Contents]:
    """Return what entries of the trash hold, without what was hidden from this member. Two queries."""
    ids = [entry.pk for entry in entries]
    folders = Folder.objects.filter(readable_paths(member, path="path"), trash_entry__in=ids)
    place = Q(folder=None) | readable_paths(member, path="folder__path")
    documents = Document.objects.filter(place, trash_entry__in=ids)
    # The folder itself is not in it.
    counted = {
        row["trash_entry"]: Contents(row["folders"] - 1)
        for row in folders.order_by().values("trash_entry").annotate(folders=Count("pk"))
    }
    sums = documents.order_by().values("trash_entry")
    for row in sums.annotate(documents=Count("pk"), size_bytes=Sum("original__size_bytes")):
        known = counted.get(row["trash_entry"], Contents())
        counted[row["trash_entry"]] = known._replace(
            documents=row["documents"], size_bytes=row["size_bytes"]
        )
    return {pk: counted.get(pk, Contents()) for pk in ids}


def find_entry(entry_id: UUID, editor: Editor) -> TrashEntry:
    """Return an entry of the trash that this editor finds. Raises NotFound. One query."""
    found: TrashEntry | None = TrashEntry.objects.visible_to(editor).filter(pk=entry_id).first()
    if found is None:
        raise NotFound
    return found


def plan_restore(entry: TrashEntry) -> RestorePlan:
    """Return how an entry comes back: to its place, or the nearest folder above that is not in the trash. Four queries.

    Beside a folder of the same name a folder gets a number. Raises NotFound when it was restored or purged meanwhile.
    """
    row = find_trashed_row(entry)
    target = Folder.objects.untrashed().way_to(entry.place_id).last() if entry.place_id else None
    is_folder = isinstance(row, Folder)
    return RestorePlan(
        row=row,
        name=find_free_name(row, target) if isinstance(row, Folder) else row.title,
        target=target,
        is_its_place=not entry.lost_its_place and entry.place_id == (target.pk if target else None),
        readers=len(find_reader_ids([*list_path_ids(target), *([row.pk] if is_folder else [])])),
    )


def find_trashed_row(entry: TrashEntry) -> Document | Folder:
    """Return the document, or the folder that holds everything else of the entry. Raises NotFound. One query."""
    rows: Any = Folder if entry.is_folder else Document
    found: Document | Folder | None = (
        rows.objects.inside(entry.place_id).filter(trash_entry=entry.pk).first()
    )
    if found is None:
        raise NotFound
    return found


def find_free_name(folder: Folder, place: Folder | None) -> str:
    """Return the folder's name, with a number after it when a folder in this place has that name. One query.

    A restricted folder may have the name of another one, and a number would tell of one.
    """
    if folder.is_restricted:
        return folder.name
    beside = Folder.objects.untrashed().inside(place.pk if place else None)
    taken = {
        name.lower() for name in beside.filter(is_restricted=False).values_list("name", flat=True)
    }
    numbers = (f" ({number})" for number in count(2))
    names = (f"{folder.name[: MAX_NAME - len(number)]}{number}" for number in numbers)
    return next(name for name in chain([folder.name], names) if name.lower() not in taken)


def restore_entry(
    entry_id: UUID, *, editor: Editor, readers: int | None = None
) -> Document | Folder:
    """Restore what an entry of the trash holds, private, and return the document or the folder. No bucket request.

    Where its place is gone, or in the trash, it goes into the nearest folder above, and `readers` says how many people
    can open it there; without the right number it raises WideningNotConfirmed. Raises NotFound or RoleRequired. The
    number of statements does not grow with a folder.
    """
    with transaction.atomic():
        lock_tree()
        confirm_editor(editor)
        entry = find_entry(entry_id, editor)
        plan = plan_restore(entry)
        if not plan.is_its_place and readers != plan.readers:
            raise WideningNotConfirmed(plan.readers)
        row = plan.row
        if isinstance(row, Folder):
            _restore_folder(row, entry, plan)
        else:
            row.folder, row.trash_entry = plan.target, None
            Document.objects.filter(pk=row.pk).update(folder=plan.target, trash_entry=None)
        TrashEntry.objects.filter(pk=entry.pk).delete()
        record_event(editor, "restored from the trash", subject_id=row.pk, subject=plan.name)
    return row


def _restore_folder(folder: Folder, entry: TrashEntry, plan: RestorePlan) -> None:
    """Take the mark from the folder and everything in it. Two UPDATEs, four more where the place or the name differ."""
    if not plan.is_its_place:
        folder.move_under(plan.target)
    if folder.name != plan.name:
        folder.name = plan.name
        folder.save(update_fields=["name"])
    with refuse_taken_name(plan.name):
        Folder.objects.filter(trash_entry=entry.pk).update(trash_entry=None)
    Document.objects.filter(trash_entry=entry.pk).update(trash_entry=None)
    folder.trash_entry = None
