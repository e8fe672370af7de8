from django.urls import path

from media_core.library import usage
from media_core.library.views import (
    documents,
    folders,
    lists,
    moves,
    readers,
    trash,
    uploads,
    versions,
)

app_name = "library"
urlpatterns = [
    path("", lists.show_top, name="documents"),
    path("upload", uploads.upload, name="upload"),
    path("limits", usage.show_limits, name="limits"),
    path("folders/new", folders.create, name="new_folder"),
    path("folders/<uuid:folder_id>", lists.show_folder, name="folder"),
    path("folders/<uuid:folder_id>/rename", folders.rename, name="rename_folder"),
    path("folders/<uuid:folder_id>/trash", trash.move_folder_to_trash, name="trash_folder"),
    path("folders/<uuid:folder_id>/move", moves.handle_folder_move, name="move_folder"),
    path("folders/<uuid:folder_id>/readers", readers.restrict, name="readers"),
    path("folders/<uuid:folder_id>/lift", readers.lift, name="lift_restriction"),
    path("documents/<uuid:document_id>", documents.show_document, name="document"),
    path("documents/<uuid:document_id>/move", moves.handle_document_move, name="move_document"),
    path("documents/<uuid:document_id>/rename", documents.rename, name="rename"),
    path("documents/<uuid:document_id>/replace", versions.replace, name="replace"),
    path(
        "documents/<uuid:document_id>/versions/<int:number>",
        versions.open_version,
        name="open_version",
    ),
    path(
        "documents/<uuid:document_id>/versions/<int:number>/restore",
        versions.restore,
        name="restore_version",
    ),
    path("documents/<uuid:document_id>/trash", trash.move_document_to_trash, name="trash_document"),
    path("trash", trash.list_trash, name="trash"),
    path("trash/<uuid:entry_id>/restore", trash.restore, name="restore"),
    path("trash/<uuid:entry_id>/delete", trash.delete, name="delete_forever"),
    path("documents/<uuid:document_id>/publish", documents.publish, name="publish"),
    path("documents/<uuid:document_id>/unpublish", documents.unpublish, name="unpublish"),
]
