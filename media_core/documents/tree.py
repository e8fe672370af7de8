"""The tree of folders: made and renamed. Each change is one transaction under the tree's lock, or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from media_core.audit.models import record_event
from media_core.documents.folders import (
    Folder,
    find_folder,
    find_place,
    list_path_ids,
    refuse_too_deep,
)
from media_core.documents.locks import lock_tree
from media_core.documents.permissions import Editor
from media_core.errors import FolderRefused
from tenants.names import clean_folder_name
from tenants.people.identity import Member


def create_folder(*, name: str, parent_id: UUID | None, editor: Editor) -> Folder:
    """Return a new folder in a folder that the editor may read, or with None at the top.

    Raises NotFound, NameRefused or FolderRefused. Four statements in a transaction, no request to the bucket.
    """
    name, folder_id = clean_folder_name(name), uuid4()
    with transaction.atomic():
        lock_tree()
        parent = find_place(parent_id, editor)
        path = [*list_path_ids(parent), folder_id]
        refuse_too_deep(path)
        with refuse_taken_name(name):
            folder: Folder = Folder.objects.create(
                id=folder_id,
                name=name,
                parent=parent,
                path=path,
                created_by_id=editor.person_id,
                created_by_name=editor.name,
            )
        record_event(editor, "made the folder", subject_id=folder.id, subject=name)
    return folder


def rename_folder(*, folder_id: UUID, name: str, editor: Editor) -> Folder:
    """Return the folder under its new name. Raises NotFound, NameRefused or FolderRefused. No object is touched."""
    name = clean_folder_name(name)
    with transaction.atomic():
        lock_tree()
        folder = find_folder(folder_id, editor)
        before, folder.name = folder.name, name
        with refuse_taken_name(name):
            folder.save(update_fields=["name"])
        record_event(
            editor, "renamed the folder", subject_id=folder.id, subject=name, detail=before
        )
    return folder


def confirm_place(folder: Folder | None, member: Member) -> None:
    """Refuse (NotFound) a place that is not there for this member any more. Two queries at most.

    Holds the tree, so the place stays until the caller's transaction ends.
    """
    if folder:
        lock_tree()
        find_folder(folder.pk, member)


@contextmanager
def refuse_taken_name(name: str) -> Iterator[None]:
    """Refuse (FolderRefused) what would give two folders side by side the same name. A savepoint.

    The database counts unrestricted folders only, which everybody sees who sees the place: no refusal tells of another.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "folder_name_once" not in str(error):
            raise
        raise FolderRefused(
            f"There is a folder “{name}” in this place already: give one of them another name."
        ) from error
