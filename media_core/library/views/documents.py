"""The page of one document, and publishing it."""

from http import HTTPStatus
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from media_core.documents import publishing
from media_core.documents.folders import find_way, list_path_ids
from media_core.documents.models import Document
from media_core.documents.moves import find_reader_ids
from media_core.documents.open import find_document
from media_core.documents.permissions import Editor, may_edit
from media_core.documents.renaming import rename_document
from media_core.inspection.photo_locations import PHOTO_TYPES, may_contain_location
from media_core.library.document_urls import build_permanent_url, find_direct_url
from media_core.library.forms import RenameForm
from media_core.library.paging import paginate
from media_core.library.questions import (
    Question,
    format_people,
    perform_action,
    render_question,
    show_refused,
)
from media_core.library.requesters import build_rights_context, identify_editor, read_seen_revision
from media_core.storages.content_types import is_inline
from media_core.storages.presigned import choose_lifetime_seconds
from media_core.templatetags.sizes import size
from tenants.binding import bound_tenant
from tenants.errors import GatewayError, NotFound
from tenants.people.identity import require_member
from tenants.slots import hold_slot


@require_safe
def show_document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """What is known of a document, who can open it, and by which links. At most six queries."""
    member = require_member(request)
    row = find_document(document_id, member)
    way = find_way(row.folder_id, member)
    context = {
        **build_rights_context(member),
        "document": row,
        "way": way,
        "downloads": not is_inline(row.original.content_type),
        "restricted": any(folder.is_restricted for folder in way),
        "readers": format_people(len(find_reader_ids(way[-1].path if way else []))),
        "page": paginate(request, row.versions.select_related("original"))
        if may_edit(member)
        else None,
        "permanent": build_permanent_url(request, row),
        "direct": find_direct_url(request, row),
    }
    return render(request, "library/document.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Show the form for a document's title and file name, and take them."""
    editor = identify_editor(request)
    row = find_document(document_id, editor)
    if request.method != "POST":
        form = RenameForm(initial={"title": row.title, "file_name": row.name})
        return _show_rename_form(request, editor, row, form)
    form = RenameForm(request.POST)
    if not form.is_valid():
        return _show_rename_form(request, editor, row, form, HTTPStatus.BAD_REQUEST)
    try:
        with hold_slot():
            renamed = rename_document(
                row.pk, editor=editor, revision=read_seen_revision(request), **form.cleaned_data
            )
    except NotFound:
        raise
    except GatewayError as refusal:
        now = find_document(document_id, editor)
        return show_refused(
            refusal, form, lambda status: _show_rename_form(request, editor, now, form, status)
        )
    messages.success(request, f"It is called “{renamed.title}” now. Its link stays the same.")
    return redirect("library:document", document_id)


def _show_rename_form(
    request: HttpRequest,
    editor: Editor,
    row: Document,
    form: RenameForm,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context = {**build_rights_context(editor), "document": row, "form": form}
    return render(request, "library/rename_document.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Ask, and publish a document."""
    editor = identify_editor(request)
    row = find_document(document_id, editor)
    if request.method != "POST":
        return render_question(request, editor, _build_publish_question(row))
    with hold_slot():
        perform_action(request, lambda: _publish(row, editor, read_seen_revision(request)))
    return redirect("library:document", document_id)


def _publish(row: Document, editor: Editor, revision: int | None) -> str:
    publishing.publish(row.pk, editor=editor, revision=revision)
    return f"“{row.title}” is public: everyone with the link can open it."


@require_http_methods(["GET", "HEAD", "POST"])
def unpublish(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Ask, and unpublish a document."""
    editor = identify_editor(request)
    row = find_document(document_id, editor)
    if request.method != "POST":
        return render_question(request, editor, _build_unpublish_question(row))
    with hold_slot():
        perform_action(request, lambda: _unpublish(row, editor, read_seen_revision(request)))
    return redirect("library:document", document_id)


def _unpublish(row: Document, editor: Editor, revision: int | None) -> str:
    publishing.unpublish(row.pk, editor=editor, revision=revision)
    return f"“{row.title}” is no longer public. Only members can open it."


def _build_publish_question(row: Document) -> Question:
    readers, held = (
        format_people(len(find_reader_ids(list_path_ids(row.folder)))),
        size(row.original.size_bytes),
    )
    return Question(
        title=f"Publish “{row.title}”?",
        sentences=[
            f"{readers.capitalize()} can open it now, after signing in.",
            f"Then everyone with the link can, without signing in: {held} for the whole web.",
            *_describe_location(row),
            "You can unpublish it at any time. Whoever has saved a copy keeps it.",
        ],
        button="Publish",
        back=reverse("library:document", args=[row.pk]),
        hidden=[("revision", row.revision)],
    )


def _describe_location(row: Document) -> list[str]:
    """Return what is to be known of a place that the file may tell; nothing where it cannot."""
    content_type = row.original.content_type
    if may_contain_location(content_type, row.name):
        return ["It is published as it is: if a location is saved in it, everyone can read that."]
    if content_type in PHOTO_TYPES:
        return [
            "They get a copy without its location and other details, such as the camera; members keep the original."
        ]
    return []


def _build_unpublish_question(row: Document) -> Question:
    readers = format_people(len(find_reader_ids(list_path_ids(row.folder))))
    return Question(
        title=f"Unpublish “{row.title}”?",
        sentences=[
            f"Then only {readers} can open it, after signing in.",
            f"Its links stop working for everyone else. {_describe_remaining_links(row)}",
        ],
        button="Unpublish",
        back=reverse("library:document", args=[row.pk]),
        hidden=[("revision", row.revision)],
    )


def _describe_remaining_links(row: Document) -> str:
    """Return what strangers can still read of a document that is unpublished, and for how long."""
    if row.shows_original:
        seconds = choose_lifetime_seconds(bound_tenant(), row.original.content_type)
        return f"Whoever opened it just before can read on for up to {seconds} seconds."
    kept = "as long as they like" if settings.PUBLIC_MEDIA_IMMUTABLE else "up to 5 minutes"
    return f"Browsers and caches may keep their copies for {kept}."
