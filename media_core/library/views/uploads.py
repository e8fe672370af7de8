"""The upload."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from media_core.documents.folders import Folder, find_place
from media_core.documents.models import Document
from media_core.documents.permissions import Editor
from media_core.library.answers import attempted, to_place
from media_core.library.asking import editor_of
from media_core.library.forms import UploadForm, problems
from media_core.storages.file_types import type_named
from media_core.uploads.flow import store_upload
from media_core.uploads.limits import takes_uploads


# Who may upload is asked before the body is read; checking the CSRF token reads it.
@require_POST
@takes_uploads
@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    """Take one file from a member who may upload, for a place that they may read."""
    return _take_file(request, editor_of(request))


@csrf_protect
def _take_file(request: HttpRequest, uploader: Editor) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES, restricted="visibility" not in request.POST)
    if not form.is_valid():
        messages.error(request, problems(form))
        return to_place(form.cleaned_data.get("folder"))
    folder = find_place(form.cleaned_data.pop("folder"), uploader)
    attempted(request, lambda: _stored(uploader, folder, form))
    return to_place(folder.pk if folder else None)


def _stored(uploader: Editor, folder: Folder | None, form: UploadForm) -> str:
    """Store the file; return what is said of it. The flow asks again once the bytes are there."""
    return told(store_upload(uploader=uploader, folder=folder, **form.cleaned_data))


def told(document: Document) -> str:
    """Return what its uploader is to know of a new document, in sentences."""
    named = type_named(document.name)
    said = f"“{document.title}” is stored."
    if named and document.stored_object.content_type != named.stored_as:
        said += f" It is named like {named.name} and could not be proved to be one: it is kept as a plain download."
    if document.visibility == Document.Visibility.PUBLIC:
        said += " It is public: “Details” has the address to link to."
    return said
