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
    choices_for,
    lift_restriction,
    restrict_folder,
    widening_by_lifting,
)
from media_core.errors import FolderRefused, WideningNotConfirmed
from media_core.library.answers import Question, ask, attempted, more_people, people, to_place
from media_core.library.asking import admin_of, rights_of
from media_core.library.forms import PlaceForm


@require_http_methods(["GET", "HEAD", "POST"])
def restrict(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Show who reads the folder, and let an admin name them."""
    admin = admin_of(request)
    way = find_way(folder_id, admin)
    if request.method == "POST":
        return _restrict(request, admin, way[-1])
    context = {
        **rights_of(admin),
        "way": way,
        "folder": way[-1],
        "choices": choices_for(way[-1]),
        "restricted_above": any(folder.is_restricted for folder in way[:-1]),
    }
    return render(request, "library/readers.html", context)


def _restrict(request: HttpRequest, admin: Admin, folder: Folder) -> HttpResponse:
    named = request.POST.getlist("readers")
    try:
        done = attempted(request, lambda: _restricted(request, admin, folder, named))
    except WideningNotConfirmed as widening:
        question = _question_of_names(folder, named, widening.count)
        return ask(request, admin, question, HTTPStatus.CONFLICT)
    return to_place(folder.pk) if done else redirect("library:readers", folder.pk)


def _restricted(request: HttpRequest, admin: Admin, folder: Folder, named: Sequence[str]) -> str:
    readers, widens_to = [_id_of(text) for text in named], _agreed(request)
    restrict_folder(folder_id=folder.pk, readers=readers, admin=admin, widens_to=widens_to)
    if not readers:
        return f"Only admins can open “{folder.name}” now."
    return f"Only admins and {people(len(set(readers)))} named by you can open “{folder.name}” now."


def _id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise FolderRefused("Somebody who was named is no member: load the page again.") from error


def _agreed(request: HttpRequest) -> int | None:
    """Return the number of people that the form says it was agreed to let in."""
    form = PlaceForm(request.POST)
    return form.cleaned_data["widens_to"] if form.is_valid() else None


@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Ask, and end the restriction of a folder."""
    admin = admin_of(request)
    folder = find_folder(folder_id, admin)
    if request.method != "POST":
        return ask(request, admin, _question_of_lifting(folder, widening_by_lifting(folder)))
    try:
        attempted(request, lambda: _lifted(request, admin, folder))
    except WideningNotConfirmed as widening:
        question = _question_of_lifting(folder, widening.count)
        return ask(request, admin, question, HTTPStatus.CONFLICT)
    return to_place(folder_id)


def _lifted(request: HttpRequest, admin: Admin, folder: Folder) -> str:
    lift_restriction(folder_id=folder.pk, admin=admin, widens_to=_agreed(request))
    return f"“{folder.name}” is no longer restricted."


def _question_of_names(folder: Folder, named: Sequence[str], count: int) -> Question:
    return Question(
        title=f"Let {more_people(count)} open “{folder.name}”?",
        sentences=[f"{people(count).capitalize()} on your list cannot open it now."],
        button=f"Save, and let {more_people(count)} open it",
        back=reverse("library:readers", args=[folder.pk]),
        hidden=[*(("readers", person) for person in named), ("widens_to", count)],
    )


def _question_of_lifting(folder: Folder, count: int) -> Question:
    return Question(
        title=f"Lift the restriction of “{folder.name}”?",
        sentences=[
            f"Then {more_people(count)} can open it, with everything in it.",
            "Folders in it that are restricted themselves stay as they are.",
        ],
        button=f"Lift the restriction, and let {more_people(count)} open it",
        back=reverse("library:readers", args=[folder.pk]),
        hidden=[("widens_to", count)],
    )
