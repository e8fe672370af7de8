"""The trash: what lies in it, a document moved there, and one restored."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from media_core.documents.folders import path_of
from media_core.documents.models import Document, TrashEntry
from media_core.documents.moves import reading
from media_core.documents.open import find_document
from media_core.documents.permissions import Editor
from media_core.documents.trash import (
    count_readers,
    find_entry,
    find_target,
    is_in_its_folder,
    restore_document,
    trash_document,
)
from media_core.library.answers import Question, ask, attempted, people, to_place
from media_core.library.asking import editor_of, rights_of
from media_core.library.paging import paged
from tenants.slots import hold_slot


@require_safe
def trash(request: HttpRequest) -> HttpResponse:
    """What can be restored, the newest first. Four queries."""
    editor = editor_of(request)
    entries = TrashEntry.objects.visible_to(editor).filter(document__isnull=False)
    context = {
        **rights_of(editor),
        "page": paged(request, entries.select_related("document__original")),
        "days": settings.TRASH_DAYS,
    }
    return render(request, "library/trash.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def trash_one(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Ask, and move a document to the trash."""
    editor = editor_of(request)
    document = find_document(document_id, editor)
    if request.method != "POST":
        return ask(request, editor, _question_of_trashing(document))
    with hold_slot():
        done = attempted(request, lambda: _trashed(document, editor))
    return to_place(document.folder_id) if done else redirect("library:document", document.pk)


def _trashed(document: Document, editor: Editor) -> str:
    trash_document(document.pk, editor=editor)
    return f"“{document.title}” is in the trash. You can restore it for {settings.TRASH_DAYS} days."


def _question_of_trashing(document: Document) -> Question:
    readers = people(len(reading(path_of(document.folder))))
    is_public = document.visibility == Document.Visibility.PUBLIC
    whose = "Everybody who has its address" if is_public else readers.capitalize()
    return Question(
        title=f"Move “{document.title}” to the trash?",
        sentences=[
            f"{whose} can open it now. Then nobody can.",
            f"You can restore it for {settings.TRASH_DAYS} days; it comes back private, with all its versions.",
        ],
        button="Move to trash",
        back=reverse("library:document", args=[document.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def restore(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Ask, and restore a document from the trash."""
    editor = editor_of(request)
    entry = find_entry(entry_id, editor)
    if request.method != "POST":
        return ask(request, editor, _question_of_restoring(entry))
    readers = request.POST.get("readers", "")
    agreed = int(readers) if readers.isascii() and readers.isdecimal() else None
    if not is_in_its_folder(entry) and agreed != count_readers(entry):
        return ask(request, editor, _question_of_restoring(entry))
    document = entry.document
    attempted(request, lambda: _restored(entry, editor, agreed))
    return redirect("library:document", document.pk)


def _restored(entry: TrashEntry, editor: Editor, readers: int | None) -> str:
    document = restore_document(entry.pk, editor=editor, readers=readers)
    return f"“{document.title}” is restored. It is for members only."


def _question_of_restoring(entry: TrashEntry) -> Question:
    target, readers = find_target(entry), count_readers(entry)
    place = f"the folder “{target}”" if target else "the top, in no folder"
    lost = [] if is_in_its_folder(entry) else ["The folder in which it lay is gone."]
    return Question(
        title=f"Restore “{entry.title}”?",
        sentences=[*lost, f"It goes to {place}, where {people(readers)} can open it."],
        button="Restore",
        back=reverse("library:trash"),
        hidden=[("readers", readers)],
    )
