"""The upload."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from media_core.documents.folders import find_place
from media_core.documents.models import Document
from media_core.documents.permissions import Editor
from media_core.errors import NotPublished
from media_core.library.forms import UploadForm
from media_core.library.questions import redirect_to_folder, show_refused
from media_core.library.requesters import identify_editor
from media_core.library.views.lists import render_folder_again
from media_core.storages.file_types import find_type_by_name
from media_core.uploads.body_limits import accept_uploads
from media_core.uploads.flow import store_upload
from media_core.uploads.handlers import leave_files_unread
from tenants.errors import GatewayError, NotFound, TooBusy
from tenants.slots import hold_slot


# Who may upload is asked, and a slot taken, before the body is read; checking the CSRF token reads it.
@require_POST
@accept_uploads
@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    """Take one file from a member who may upload, for a place that they may read.

    When it is refused, the page comes back with the fields of the form, to choose the file again.
    """
    uploader = identify_editor(request)
    try:
        with hold_slot():
            return _take_file(request, uploader)
    except TooBusy as refusal:
        leave_files_unread(request)
        return _refuse_form(request, uploader, refusal)


@csrf_protect
def _take_file(request: HttpRequest, uploader: Editor) -> HttpResponse:
    form = _read_form(request)
    if not form.is_valid():
        return render_folder_again(request, uploader, form, HTTPStatus.BAD_REQUEST)
    folder = find_place(form.cleaned_data.pop("folder"), uploader)
    try:
        # The flow asks again who may upload once the bytes are there.
        document = store_upload(uploader=uploader, folder=folder, **form.cleaned_data)
    except NotPublished as refusal:
        messages.error(request, refusal.message)
    except (NotFound, TooBusy):
        raise
    except GatewayError as refusal:
        return _show_refusal(request, uploader, form, refusal)
    else:
        messages.success(request, describe_upload(document))
    return redirect_to_folder(folder.pk if folder else None)


@csrf_protect
def _refuse_form(request: HttpRequest, uploader: Editor, refusal: GatewayError) -> HttpResponse:
    return _show_refusal(request, uploader, _read_form(request), refusal)


def _read_form(request: HttpRequest) -> UploadForm:
    return UploadForm(request.POST, request.FILES, restricted="visibility" not in request.POST)


def _show_refusal(
    request: HttpRequest, uploader: Editor, form: UploadForm, refusal: GatewayError
) -> HttpResponse:
    return show_refused(
        refusal, form, lambda status: render_folder_again(request, uploader, form, status)
    )


def describe_upload(document: Document) -> str:
    """Return what its uploader is to know of a new document, in sentences."""
    named = find_type_by_name(document.name)
    said = f"“{document.title}” is stored."
    if named and document.original.content_type != named.stored_as:
        said += f" It is named like {named.name} and could not be proved to be one: it is kept as a plain download."
    if document.visibility == Document.Visibility.PUBLIC:
        said += " It is public: “Details” has the address to link to."
    return said
