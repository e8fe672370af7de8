"""Folders made and renamed."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from media_core.documents.folders import find_folder
from media_core.documents.permissions import Editor
from media_core.documents.tree import create_folder, rename_folder
from media_core.library.answers import attempted, to_place
from media_core.library.asking import editor_of, rights_of
from media_core.library.forms import FolderForm, problems


@require_POST
def new(request: HttpRequest) -> HttpResponse:
    """Make a folder in the place that the form names."""
    editor, form = editor_of(request), FolderForm(request.POST)
    if form.is_valid():
        attempted(request, lambda: _made(editor, form))
    else:
        messages.error(request, problems(form))
    return to_place(form.cleaned_data.get("folder"))


def _made(editor: Editor, form: FolderForm) -> str:
    given = form.cleaned_data
    folder = create_folder(name=given["name"], parent_id=given["folder"], editor=editor)
    return f"The folder “{folder.name}” is created."


@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Ask for another name, and give it."""
    editor = editor_of(request)
    folder = find_folder(folder_id, editor)
    form = FolderForm(request.POST or None, initial={"name": folder.name})
    if request.method == "POST" and form.is_valid():
        if attempted(request, lambda: _renamed(folder_id, editor, form)):
            return to_place(folder_id)
        return redirect("library:rename_folder", folder_id)
    context = {**rights_of(editor), "folder": folder, "form": form}
    return render(request, "library/rename.html", context)


def _renamed(folder_id: UUID, editor: Editor, form: FolderForm) -> str:
    name = form.cleaned_data["name"]
    return f"The folder is called “{rename_folder(folder_id=folder_id, name=name, editor=editor).name}” now."
