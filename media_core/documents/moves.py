"""Moving folders and documents: rows only. Whoever would let more people read says how many."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import ngettext

from media_core.audit.models import record_event
from media_core.documents.folders import (
    MAX_DEPTH,
    Folder,
    find_folder,
    find_place,
    list_path_ids,
    refuse_too_deep,
)
from media_core.documents.locks import lock_tree
from media_core.documents.models import Document
from media_core.documents.open import find_document
from media_core.documents.permissions import Editor, readers
from media_core.documents.tree import refuse_taken_name
from media_core.errors import FolderRefused, WideningNotConfirmed


def move_folder(
    *, folder_id: UUID, target_id: UUID | None, editor: Editor, widens_to: int | None = None
) -> Folder:
    """Move a folder with everything in it into another one, or with None to the top. No request to the bucket.

    `widens_to` is how many more people may read it then; without the right number it raises WideningNotConfirmed.
    Raises NotFound or FolderRefused. The number of statements does not grow with the folder.
    """
    with transaction.atomic():
        lock_tree()
        folder, target = find_folder(folder_id, editor), find_place(target_id, editor)
        path = [*list_path_ids(target), folder.pk]
        _refuse_move(folder, target)
        _refuse_too_deep_below(folder, path, editor)
        refuse_public_in_restricted(folder, list_path_ids(target))
        widening = require_confirmed_widening(
            find_reader_ids(folder.path), find_reader_ids(path), widens_to
        )
        with refuse_taken_name(folder.name):
            folder.move_under(target)
        record_event(
            editor,
            "moved the folder",
            subject_id=folder.pk,
            subject=folder.name,
            detail=_describe_move(target, widening),
        )
    return folder


def move_document(
    *, document_id: UUID, target_id: UUID | None, editor: Editor, widens_to: int | None = None
) -> Document:
    """Move a document into a folder, or with None to the top. No request to the bucket.

    `widens_to` is how many more people may read it then; without the right number it raises WideningNotConfirmed.
    Raises NotFound or FolderRefused.
    """
    with transaction.atomic():
        lock_tree()
        document, target = find_document(document_id, editor), find_place(target_id, editor)
        if document.folder_id == target_id:
            raise FolderRefused(f"“{document.title}” is there already.")
        _refuse_public(document, target)
        before = find_place(document.folder_id, editor)
        widening = require_confirmed_widening(
            find_reader_ids(list_path_ids(before)),
            find_reader_ids(list_path_ids(target)),
            widens_to,
        )
        Document.objects.filter(pk=document.pk).update(folder=target)
        record_event(
            editor,
            "moved the document",
            subject_id=document.pk,
            subject=document.title,
            detail=_describe_move(target, widening),
        )
    document.folder = target
    return document


def find_reader_ids(path: Sequence[UUID]) -> frozenset[UUID]:
    """Return who reads at the end of a path, by their ids. One query."""
    return frozenset(readers(path).values_list("person_id", flat=True))


def require_confirmed_widening(
    before: frozenset[UUID], after: frozenset[UUID], widens_to: int | None
) -> int:
    """Return how many people read after and could not before; raise WideningNotConfirmed if nobody agreed to that."""
    more = len(after - before)
    if more and more != widens_to:
        raise WideningNotConfirmed(more)
    return more


def refuse_public_in_restricted(folder: Folder, above: Sequence[UUID]) -> None:
    """Raise FolderRefused when the folder holds public documents and would be restricted by those above."""
    closed = Folder.objects.restricting(above).first()
    if closed:
        refuse_public_in(folder, f"“{closed.name}” is restricted")


def refuse_public_in(folder: Folder, why: str) -> None:
    """Raise FolderRefused when the folder holds public documents, and say how many. One query."""
    public = Document.objects.below(folder).public().count()
    if public:
        held = ngettext(
            "{} public document. Unpublish it first, or move it elsewhere.",
            "{} public documents. Unpublish them first, or move them elsewhere.",
            public,
        )
        raise FolderRefused(f"{why}, and “{folder.name}” holds {held.format(public)}")


def _refuse_public(document: Document, target: Folder | None) -> None:
    if document.visibility != Document.Visibility.PUBLIC:
        return
    closed = Folder.objects.restricting(list_path_ids(target)).first()
    if closed:
        raise FolderRefused(
            f"“{closed.name}” is restricted, and “{document.title}” is public: unpublish it first."
        )


def _refuse_move(folder: Folder, target: Folder | None) -> None:
    if folder.pk in list_path_ids(target):
        raise FolderRefused(f"“{folder.name}” cannot stand in itself: choose another place.")
    if folder.parent_id == (target.pk if target else None):
        raise FolderRefused(f"“{folder.name}” is there already.")


def _refuse_too_deep_below(folder: Folder, path: list[UUID], editor: Editor) -> None:
    """Refuse what would stand too deep, as far as the editor sees it: a refusal tells of nothing hidden."""
    refuse_too_deep(path)
    seen = Folder.objects.readable_by(editor).below(folder).aggregate(deepest=Max("path__len"))
    deepest = len(path) + seen["deepest"] - len(folder.path)
    if deepest > MAX_DEPTH:
        raise FolderRefused(
            f"The folders in “{folder.name}” would stand up to {deepest} deep; {MAX_DEPTH} is the most. "
            "Choose a place further up."
        )


def _describe_move(target: Folder | None, widening: int) -> str:
    place = f"to “{target.name}”" if target else "to the top"
    return f"{place}; {widening} more people may read it" if widening else place
