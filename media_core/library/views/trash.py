"""The trash: what lies in it, documents and folders moved there, restored, and deleted forever."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from media_core.documents.folders import Folder, find_folder, list_path_ids
from media_core.documents.models import Document, TrashEntry
from media_core.documents.moves import find_reader_ids
from media_core.documents.open import find_document
from media_core.documents.permissions import Admin, Editor
from media_core.documents.purging import delete_forever, measure_versions
from media_core.documents.trash import (
    Contents,
    RestorePlan,
    count_contents,
    count_entry_contents,
    find_entry,
    plan_restore,
    restore_entry,
    trash_document,
    trash_folder,
)
from media_core.errors import StillPublic
from media_core.library.paging import paginate
from media_core.library.questions import (
    Question,
    describe_refusal,
    format_count,
    format_people,
    perform_action,
    redirect_to_folder,
    render_question,
)
from media_core.library.requesters import build_rights_context, identify_admin, identify_editor
from media_core.templatetags.sizes import size
from tenants.slots import hold_slot


@require_safe
def list_trash(request: HttpRequest) -> HttpResponse:
    """What can be restored, the newest first. Five queries."""
    editor = identify_editor(request)
    page = paginate(request, TrashEntry.objects.visible_to(editor))
    held = count_entry_contents(page, editor)
    context = {
        **build_rights_context(editor),
        "page": page,
        "rows": [(entry, held[entry.pk], _describe(entry, held[entry.pk])) for entry in page],
        "days": settings.TRASH_DAYS,
    }
    return render(request, "library/trash.html", context)


def _describe(entry: TrashEntry, held: Contents) -> str:
    """Return what an entry is, in words; nothing for a document."""
    if not entry.is_folder:
        return ""
    return f"Folder with {_format_contents(held)}" if any(held) else "Empty folder"


def _format_contents(held: Contents) -> str:
    """Return what a folder holds, in words.

    >>> _format_contents(Contents(folders=2, documents=1)), _format_contents(Contents(documents=3))
    ('2 folders and 1 document', '3 documents')
    """
    documents = format_count(held.documents, "document")
    return f"{format_count(held.folders, 'folder')} and {documents}" if held.folders else documents


@require_http_methods(["GET", "HEAD", "POST"])
def move_document_to_trash(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Ask, and move a document to the trash."""
    editor = identify_editor(request)
    document = find_document(document_id, editor)
    if request.method != "POST":
        return render_question(request, editor, _build_trash_question(document))
    with hold_slot():
        done = perform_action(request, lambda: _move_to_trash(document, editor))
    return (
        redirect_to_folder(document.folder_id)
        if done
        else redirect("library:document", document.pk)
    )


def _move_to_trash(document: Document, editor: Editor) -> str:
    """Return what was done. A public copy that could not be removed yet is said too: the document is in the trash."""
    said = f"“{document.title}” is in the trash. You can restore it for {_trash_days()}."
    try:
        trash_document(document.pk, editor=editor)
    except StillPublic as refusal:
        return f"{said} {describe_refusal(refusal)}"
    return said


def _trash_days() -> str:
    return format_count(settings.TRASH_DAYS, "day")


def _build_trash_question(document: Document) -> Question:
    readers = format_people(len(find_reader_ids(list_path_ids(document.folder))))
    is_public = document.visibility == Document.Visibility.PUBLIC
    whose = "Everyone with the link" if is_public else readers.capitalize()
    return Question(
        title=f"Move “{document.title}” to the trash?",
        sentences=[
            f"{whose} can open it now. In the trash nobody can.",
            f"You can restore it for {_trash_days()}. It comes back private, with all its versions.",
        ],
        button="Move to trash",
        back=reverse("library:document", args=[document.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def move_folder_to_trash(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Ask, and move a folder with everything in it to the trash."""
    editor = identify_editor(request)
    folder = find_folder(folder_id, editor)
    held = count_contents(folder, editor)
    if request.method != "POST":
        return render_question(request, editor, _build_trash_folder_question(folder, held))
    with hold_slot():
        done = perform_action(request, lambda: _trash_folder(folder, held, editor))
    return redirect_to_folder(folder.parent_id if done else folder.pk)


def _trash_folder(folder: Folder, held: Contents, editor: Editor) -> str:
    trash_folder(folder.pk, editor=editor)
    said = f"“{folder.name}” is in the trash. You can restore it for {_trash_days()}."
    if held.public:
        said += f" The public {'copy' if held.public == 1 else 'copies'} will be removed within minutes."
    return said


def _build_trash_folder_question(folder: Folder, held: Contents) -> Question:
    readers = format_people(len(find_reader_ids(folder.path)))
    holds = f"The folder holds {_format_contents(held)}. Everything in it goes to the trash too."
    return Question(
        title=f"Move “{folder.name}” to the trash?",
        sentences=[
            holds if any(held) else "The folder is empty.",
            *_describe_public(held.public),
            f"{readers.capitalize()} can open the folder now. In the trash nobody can.",
            f"You can restore it for {_trash_days()}. Its documents come back private.",
        ],
        button="Move to trash",
        back=reverse("library:folder", args=[folder.pk]),
    )


def _describe_public(public: int) -> list[str]:
    if not public:
        return []
    are = "is public. It" if public == 1 else "are public. They"
    return [f"{format_count(public, 'document')} {are} will no longer be public."]


@require_http_methods(["GET", "HEAD", "POST"])
def restore(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Ask, and restore a document or a folder from the trash."""
    editor = identify_editor(request)
    entry = find_entry(entry_id, editor)
    plan = plan_restore(entry)
    readers = request.POST.get("readers", "")
    agreed = int(readers) if readers.isascii() and readers.isdecimal() else None
    is_agreed = plan.is_its_place or agreed == plan.readers
    if request.method != "POST" or not is_agreed:
        return render_question(request, editor, _build_restore_question(entry, plan))
    if not perform_action(request, lambda: _restore(entry, editor, agreed)):
        return redirect("library:trash")
    return redirect("library:folder" if entry.is_folder else "library:document", plan.row.pk)


def _restore(entry: TrashEntry, editor: Editor, readers: int | None) -> str:
    row = restore_entry(entry.pk, editor=editor, readers=readers)
    if isinstance(row, Folder):
        return f"The folder “{row.name}” is restored. Its documents are not public."
    return f"“{row.title}” is restored. It is not public."


def _build_restore_question(entry: TrashEntry, plan: RestorePlan) -> Question:
    place = f"“{plan.target}”" if plan.target else "“All documents”"
    lost = [] if plan.is_its_place else ["The folder it was in is in the trash or deleted."]
    with_it = (
        "Everything in it comes back. Its documents will not be public."
        if entry.is_folder
        else "It comes back with all its versions. It will not be public."
    )
    renamed = f"There is already a folder “{entry.title}” there, so this one will be called “{plan.name}”."
    return Question(
        title=f"Restore “{entry.title}”?",
        sentences=[
            *lost,
            f"It goes to {place}. {format_people(plan.readers).capitalize()} can open it there.",
            *([renamed] if plan.name != entry.title else []),
            with_it,
        ],
        button="Restore",
        back=reverse("library:trash"),
        hidden=[("readers", plan.readers)],
    )


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Ask, and delete an entry of the trash forever."""
    admin = identify_admin(request)
    entry = find_entry(entry_id, admin)
    if request.method != "POST":
        held = count_entry_contents([entry], admin)[entry.pk]
        return render_question(request, admin, _build_delete_question(entry, held))
    perform_action(request, lambda: _delete_entry(entry, admin))
    return redirect("library:trash")


def _delete_entry(entry: TrashEntry, admin: Admin) -> str:
    delete_forever(entry.pk, admin=admin)
    return f"“{entry.title}” is deleted forever. Its space will be free within minutes."


def _build_delete_question(entry: TrashEntry, held: Contents) -> Question:
    versions, size_bytes = measure_versions(entry)
    counted = f"{format_count(versions, 'version')}, {size(size_bytes)}"
    if not entry.is_folder:
        what = f"The document will be deleted with everything kept of it: {counted}."
    elif any(held):
        what = f"The folder and everything in it will be deleted: {_format_contents(held)} with {counted}."
    else:
        what = "The folder is empty."
    return Question(
        title=f"Delete “{entry.title}” forever?",
        sentences=[what, "You cannot undo this."],
        button="Delete forever",
        back=reverse("library:trash"),
        is_final=True,
    )
