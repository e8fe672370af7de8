"""Folders and documents moved: the place is chosen by walking through the folders, page by page."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from media_core.documents.folders import Folder, find_folder, find_way
from media_core.documents.moves import move_document, move_folder
from media_core.documents.open import find_document
from media_core.documents.permissions import Editor
from media_core.errors import WideningNotConfirmed
from media_core.library.forms import TargetForm
from media_core.library.paging import paginate
from media_core.library.questions import (
    Question,
    format_more_people,
    format_people,
    perform_action,
    render_question,
)
from media_core.library.requesters import build_rights_context, identify_editor
from tenants.errors import NotFound


@dataclass(frozen=True, slots=True)
class Movable:
    """What is about to be moved: its title, where it lies, its own page, and the flow that moves it."""

    title: str
    lies_in: UUID | None
    page: str
    move: Callable[..., object]
    folder_id: UUID | None = None


@require_http_methods(["GET", "HEAD", "POST"])
def handle_folder_move(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Ask where to, and move a folder there."""
    editor = identify_editor(request)
    row = find_folder(folder_id, editor)
    page = reverse("library:folder", args=[folder_id])
    flow = partial(move_folder, folder_id=folder_id, editor=editor)
    return _handle_move(request, editor, Movable(row.name, row.parent_id, page, flow, folder_id))


@require_http_methods(["GET", "HEAD", "POST"])
def handle_document_move(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Ask where to, and move a document there."""
    editor = identify_editor(request)
    row = find_document(document_id, editor)
    page = reverse("library:document", args=[document_id])
    flow = partial(move_document, document_id=document_id, editor=editor)
    return _handle_move(request, editor, Movable(row.title, row.folder_id, page, flow))


def _handle_move(request: HttpRequest, editor: Editor, what: Movable) -> HttpResponse:
    form = TargetForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        raise NotFound
    if request.method != "POST":
        return _render_target_choice(request, editor, what, form.cleaned_data["into"])
    try:
        moved = perform_action(request, lambda: _perform_move(what, form))
    except WideningNotConfirmed as widening:
        question = _build_widening_question(what, form, widening.count)
        return render_question(request, editor, question, HTTPStatus.CONFLICT)
    return redirect(what.page if moved else request.get_full_path())


def _perform_move(what: Movable, form: TargetForm) -> str:
    what.move(target_id=form.cleaned_data["into"], widens_to=form.cleaned_data["widens_to"])
    return f"“{what.title}” is moved."


def _render_target_choice(
    request: HttpRequest, editor: Editor, what: Movable, into: UUID | None
) -> HttpResponse:
    """Return a page with one place, the folders in it, and a button to move here. At most three queries."""
    way = find_way(into, editor)
    inside = Folder.objects.readable_by(editor).inside(into).besides(what.folder_id)
    context = {
        **build_rights_context(editor),
        "what": what,
        "way": way[:-1],
        "here": way[-1] if way else None,
        "page": paginate(request, inside),
        "is_here": into == what.lies_in,
    }
    return render(request, "library/move.html", context)


def _build_widening_question(what: Movable, form: TargetForm, count: int) -> Question:
    return Question(
        title=f"Let {format_more_people(count)} open “{what.title}”?",
        sentences=[
            f"{format_people(count).capitalize()} cannot open it where it is now, and could there."
        ],
        button=f"Move it, and let {format_more_people(count)} open it",
        back=what.page,
        hidden=[("into", form.cleaned_data["into"] or ""), ("widens_to", count)],
    )
