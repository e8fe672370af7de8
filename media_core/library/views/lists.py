"""What lies in a place: its folders and its documents, as far as the member may read them."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from media_core.documents.folders import Folder, find_way
from media_core.documents.models import Document, Holding
from media_core.library.forms import FolderForm, UploadForm
from media_core.library.paging import paginate
from media_core.library.requesters import build_rights_context
from media_core.library.usage import find_visible_usage
from tenants.binding import bound_tenant
from tenants.people.identity import Member, require_member
from tenants.tenant_limits import get_upload_max_bytes


@require_safe
def show_top(request: HttpRequest) -> HttpResponse:
    """What lies in no folder. At most five queries, whatever the number of rows."""
    return render_folder(request, require_member(request), [])


@require_safe
def show_folder(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """What lies in a folder. At most six queries, whatever the number of rows."""
    member = require_member(request)
    return render_folder(request, member, find_way(folder_id, member))


def render_folder_again(
    request: HttpRequest, member: Member, form: UploadForm, status: HTTPStatus
) -> HttpResponse:
    """Return the page of the place that an upload was for, with its form as it was sent, but for the file."""
    way = find_way(form.cleaned_data.get("folder"), member)
    return render_folder(request, member, way, form, status=status)


def render_folder(
    request: HttpRequest,
    member: Member,
    way: list[Folder],
    upload_form: UploadForm | None = None,
    *,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """Return the page of the place to which this way leads."""
    here = way[-1] if way else None
    where, restricted = (
        here.pk if here else None,
        any(show_folder.is_restricted for show_folder in way),
    )
    readable = Document.objects.readable_by(member).with_object()
    folders = paginate(request, Folder.objects.readable_by(member).inside(where), "folders")
    held = readable.held_by(list(folders))
    context = {
        **build_rights_context(member),
        "way": way[:-1],
        "here": here,
        "restricted": restricted,
        "folders": folders,
        "holdings": [(row, held.get(row.pk, Holding())) for row in folders],
        "page": paginate(request, readable.inside(where)),
        "upload_form": upload_form or UploadForm(initial={"folder": where}, restricted=restricted),
        "folder_form": FolderForm(initial={"folder": where}, auto_id="new_folder_%s"),
        "max_bytes": get_upload_max_bytes(bound_tenant()),
        "room": find_visible_usage(member),
    }
    return render(request, "library/place.html", context, status=status)
