"""Versions of a document: a new file for it, the older ones, and one of them restored."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from media_core.documents.models import AccessEvent, Document
from media_core.documents.open import find_document
from media_core.documents.permissions import Editor
from media_core.documents.versions import count_versions_to_drop, find_version, restore_version
from media_core.documents.views import LINK_HEADERS
from media_core.library.forms import ReplaceForm
from media_core.library.questions import Question, perform_action, render_question, show_refused
from media_core.library.requesters import build_rights_context, identify_editor, read_seen_revision
from media_core.storages.tenant_storage import sign_url
from media_core.uploads.body_limits import accept_uploads
from media_core.uploads.flow import replace_file
from media_core.uploads.handlers import leave_files_unread
from tenants.binding import bound_tenant
from tenants.errors import GatewayError, NotFound, TooBusy
from tenants.slots import hold_slot
from tenants.tenant_limits import get_upload_max_bytes


# Who may replace it is asked, and a slot taken, before the body is read; checking the CSRF token reads it.
@require_http_methods(["GET", "HEAD", "POST"])
@accept_uploads
@csrf_exempt
def replace(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Show the form for a new version of a document, and take its file."""
    editor = identify_editor(request)
    document = find_document(document_id, editor)
    if request.method != "POST":
        return _show_form(request, editor, document, ReplaceForm())
    try:
        with hold_slot():
            return _take_file(request, editor, document)
    except TooBusy as refusal:
        leave_files_unread(request)
        return _refuse_form(request, editor, document, refusal)


@csrf_protect
def _take_file(request: HttpRequest, editor: Editor, document: Document) -> HttpResponse:
    form = ReplaceForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show_form(request, editor, document, form, HTTPStatus.BAD_REQUEST)
    try:
        replace_file(
            document.pk, uploader=editor, revision=read_seen_revision(request), **form.cleaned_data
        )
    except NotFound:
        raise
    except GatewayError as refusal:
        return _show_refusal(request, editor, document, form, refusal)
    messages.success(request, f"“{document.title}” has a new version. Its link stays the same.")
    return redirect("library:document", document.pk)


@csrf_protect
def _refuse_form(
    request: HttpRequest, editor: Editor, document: Document, refusal: GatewayError
) -> HttpResponse:
    form = ReplaceForm(request.POST, request.FILES)
    return _show_refusal(request, editor, document, form, refusal)


def _show_refusal(
    request: HttpRequest,
    editor: Editor,
    document: Document,
    form: ReplaceForm,
    refusal: GatewayError,
) -> HttpResponse:
    """Return the form with its note, for the document as it is now."""
    now = find_document(document.pk, editor)
    return show_refused(
        refusal, form, lambda status: _show_form(request, editor, now, form, status)
    )


def _show_form(
    request: HttpRequest,
    editor: Editor,
    document: Document,
    form: ReplaceForm,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context = {
        **build_rights_context(editor),
        "document": document,
        "form": form,
        "max_bytes": get_upload_max_bytes(bound_tenant()),
        "kept": bound_tenant().versions_kept,
        "dropping": _describe_dropped(document),
    }
    return render(request, "library/replace.html", context, status=status)


@require_safe
def open_version(request: HttpRequest, document_id: UUID, number: int) -> HttpResponse:
    """Redirect an editor to the bytes of a version. The access is recorded before. Raises NotFound."""
    editor = identify_editor(request)
    document = find_document(document_id, editor)
    version = find_version(document, number)
    AccessEvent.objects.create(
        document_id=document.pk,
        document_name=version.file_name,
        person_id=editor.person_id,
        person_name=editor.name,
    )
    address = sign_url(version.original, file_name=version.file_name)
    return HttpResponseRedirect(address, headers=LINK_HEADERS)


@require_http_methods(["GET", "HEAD", "POST"])
def restore(request: HttpRequest, document_id: UUID, number: int) -> HttpResponse:
    """Ask, and make an older version the newest again."""
    editor = identify_editor(request)
    document = find_document(document_id, editor)
    version = find_version(document, number)
    if request.method != "POST":
        return render_question(request, editor, _build_restore_question(document, version.number))
    with hold_slot():
        perform_action(
            request, lambda: _restore(document, editor, number, read_seen_revision(request))
        )
    return redirect("library:document", document.pk)


def _restore(document: Document, editor: Editor, number: int, revision: int | None) -> str:
    restore_version(document.pk, number, editor=editor, revision=revision)
    return f"Version {number} of “{document.title}” is the newest again."


def _build_restore_question(document: Document, number: int) -> Question:
    is_public = document.visibility == Document.Visibility.PUBLIC
    sentences = [
        f"Whoever opens “{document.title}” will get the file of version {number}. Its link stays the same.",
        f"It becomes the newest version. {_describe_dropped(document) or 'All others stay in the list.'}",
    ]
    if is_public:
        sentences.append("It is public: everyone with the link will get that file.")
    return Question(
        title=f"Restore version {number}?",
        sentences=sentences,
        button=f"Restore version {number}",
        back=reverse("library:document", args=[document.pk]),
        hidden=[("revision", document.revision)],
    )


def _describe_dropped(document: Document) -> str:
    """Return what the next version removes from the list, in words; nothing where it removes none."""
    dropped = count_versions_to_drop(document)
    if not dropped:
        return ""
    oldest = "oldest version" if dropped == 1 else f"{dropped} oldest versions"
    return f"The {oldest} will be deleted: the newest {bound_tenant().versions_kept} are kept."
