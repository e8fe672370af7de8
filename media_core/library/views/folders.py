"""Folders made and renamed."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from media_core.documents.folders import find_folder
from media_core.documents.permissions import Editor
from media_core.documents.tree import create_folder, rename_folder
from media_core.library.forms import FolderForm, format_errors
from media_core.library.questions import perform_action, redirect_to_folder
from media_core.library.requesters import build_rights_context, identify_editor


@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Make a folder in the place that the form names."""
    editor, form = identify_editor(request), FolderForm(request.POST)
    if form.is_valid():
        perform_action(request, lambda: _create(editor, form))
    else:
        messages.error(request, format_errors(form))
    return redirect_to_folder(form.cleaned_data.get("folder"))


def _create(editor: Editor, form: FolderForm) -> str:
    given = form.cleaned_data
    folder = create_folder(name=given["name"], parent_id=given["folder"], editor=editor)
    return f"The folder “{folder.name}” is created."


@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Ask for another name, and give it."""
    editor = identify_editor(request)
    folder = find_folder(folder_id, editor)
    form = FolderForm(request.POST or None, initial={"name": folder.name})
    if request.method == "POST" and form.is_valid():
        if perform_action(request, lambda: _rename(folder_id, editor, form)):
            return redirect_to_folder(folder_id)
        return redirect("library:rename_folder", folder_id)
    context = {**build_rights_context(editor), "folder": folder, "form": form}
    return render(request, "library/rename.html", context)


def _rename(folder_id: UUID, editor: Editor, form: FolderForm) -> str:
    name = form.cleaned_data["name"]
    return f"The folder is called “{rename_folder(folder_id=folder_id, name=name, editor=editor).name}” now."
