"""Who reads a folder: restricted to named members, and opened up again. For admins."""

from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from media_core.documents.folders import Folder, find_folder, find_way
from media_core.documents.permissions import Admin
from media_core.documents.restriction import (
    count_widening_by_lifting,
    lift_restriction,
    list_choices,
    restrict_folder,
)
from media_core.errors import FolderRefused, WideningNotConfirmed
from media_core.library.forms import TargetForm
from media_core.library.questions import (
    Question,
    format_more_people,
    format_people,
    perform_action,
    redirect_to_folder,
    render_question,
)
from media_core.library.requesters import build_rights_context, identify_admin


@require_http_methods(["GET", "HEAD", "POST"])
def restrict(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Show who reads the folder, and let an admin name them."""
    admin = identify_admin(request)
    way = find_way(folder_id, admin)
    if request.method == "POST":
        return _restrict(request, admin, way[-1])
    context = {
        **build_rights_context(admin),
        "way": way,
        "folder": way[-1],
        "choices": list_choices(way[-1]),
        "restricted_above": any(folder.is_restricted for folder in way[:-1]),
    }
    return render(request, "library/readers.html", context)


def _restrict(request: HttpRequest, admin: Admin, folder: Folder) -> HttpResponse:
    named = request.POST.getlist("readers")
    try:
        done = perform_action(request, lambda: _save_readers(request, admin, folder, named))
    except WideningNotConfirmed as widening:
        question = _build_readers_question(folder, named, widening.count)
        return render_question(request, admin, question, HTTPStatus.CONFLICT)
    return redirect_to_folder(folder.pk) if done else redirect("library:readers", folder.pk)


def _save_readers(request: HttpRequest, admin: Admin, folder: Folder, named: Sequence[str]) -> str:
    readers, widens_to = [_parse_id(text) for text in named], _read_agreed_count(request)
    restrict_folder(folder_id=folder.pk, readers=readers, admin=admin, widens_to=widens_to)
    if not readers:
        return f"Only admins can open “{folder.name}” now."
    return f"Only admins and {format_people(len(set(readers)))} named by you can open “{folder.name}” now."


def _parse_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise FolderRefused("Somebody who was named is no member: load the page again.") from error


def _read_agreed_count(request: HttpRequest) -> int | None:
    """Return the number of people that the form says it was agreed to let in."""
    form = TargetForm(request.POST)
    return form.cleaned_data["widens_to"] if form.is_valid() else None


@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Ask, and end the restriction of a folder."""
    admin = identify_admin(request)
    folder = find_folder(folder_id, admin)
    if request.method != "POST":
        return render_question(
            request, admin, _build_lift_question(folder, count_widening_by_lifting(folder))
        )
    try:
        perform_action(request, lambda: _lift(request, admin, folder))
    except WideningNotConfirmed as widening:
        question = _build_lift_question(folder, widening.count)
        return render_question(request, admin, question, HTTPStatus.CONFLICT)
    return redirect_to_folder(folder_id)


def _lift(request: HttpRequest, admin: Admin, folder: Folder) -> str:
    lift_restriction(folder_id=folder.pk, admin=admin, widens_to=_read_agreed_count(request))
    return f"“{folder.name}” is no longer restricted."


def _build_readers_question(folder: Folder, named: Sequence[str], count: int) -> Question:
    return Question(
        title=f"Let {format_more_people(count)} open “{folder.name}”?",
        sentences=[f"{format_people(count).capitalize()} on your list cannot open it now."],
        button=f"Save, and let {format_more_people(count)} open it",
        back=reverse("library:readers", args=[folder.pk]),
        hidden=[*(("readers", person) for person in named), ("widens_to", count)],
    )


def _build_lift_question(folder: Folder, count: int) -> Question:
    return Question(
        title=f"Lift the restriction of “{folder.name}”?",
        sentences=[
            f"Then {format_more_people(count)} can open it, with everything in it.",
            "Folders in it that are restricted themselves stay as they are.",
        ],
        button=f"Lift the restriction, and let {format_more_people(count)} open it",
        back=reverse("library:readers", args=[folder.pk]),
        hidden=[("widens_to", count)],
    )
