"""The tenant's pages: the list of documents and the upload. Plain for now, and without any link to the bucket."""

import logging
from http import HTTPStatus

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from media_core.documents.models import Document
from media_core.documents.permissions import Editor, may_edit, required_editor
from media_core.library.forms import UploadForm
from media_core.uploads.flow import store_upload
from media_core.uploads.limits import takes_uploads, upload_max_bytes
from tenants.binding import bound_tenant
from tenants.errors import GatewayError
from tenants.people.identity import member_of, required_member

logger = logging.getLogger("media_core.library")

DOCUMENTS_PER_PAGE = 50


@require_safe
def documents(request: HttpRequest) -> HttpResponse:
    """The documents that this member may read, newest first. Two statements, whatever the number of documents."""
    readable = Document.objects.readable_by(required_member(request)).with_object()
    member = member_of(request)
    context = {
        "tenant": bound_tenant(),
        "member": member,
        "page": Paginator(readable, DOCUMENTS_PER_PAGE).get_page(request.GET.get("page")),
        "form": UploadForm() if member and may_edit(member) else None,
        "max_bytes": upload_max_bytes(),
    }
    return render(request, "library/documents.html", context)


# Who may upload is asked before the body is read; checking the CSRF token reads it.
@require_POST
@takes_uploads
@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    """Take one file from a member who may upload."""
    return _take_file(request, required_editor(required_member(request)))


@csrf_protect
def _take_file(request: HttpRequest, uploader: Editor) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        _store(request, uploader, form)
    else:
        messages.error(request, problems(form))
    return redirect("library:documents")


def _store(request: HttpRequest, uploader: Editor, form: UploadForm) -> None:
    try:
        document = store_upload(uploader=uploader, **form.cleaned_data)
    except GatewayError as refusal:
        # What is wrong on our side is for our log, not for a page.
        ours = refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        messages.error(request, refusal.message if ours else str(refusal))
        if ours:
            logger.exception("%s", refusal.code)
    else:
        messages.success(request, f"“{document.title}” is stored.")


def problems(form: UploadForm) -> str:
    """Return what is wrong with the form's fields, in one line."""
    return "; ".join(f"{field}: {' '.join(map(str, why))}" for field, why in form.errors.items())
