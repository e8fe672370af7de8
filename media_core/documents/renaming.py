"""A document's title and file name. Neither is part of a key, so no original moves."""

from pathlib import PurePosixPath
from uuid import UUID

from django.db import transaction

from media_core.documents.models import Document
from media_core.documents.permissions import Editor
from media_core.documents.publishing import (
    PublishRequest,
    find_editable,
    recheck_permission,
    require_revision,
    update_unchanged,
)
from media_core.documents.versions import NewFile, add_version, record_new_title
from tenants.errors import NameRefused
from tenants.names import clean_file_name, clean_title


def rename_document(
    document_id: UUID, *, title: str, file_name: str, editor: Editor, revision: int | None = None
) -> Document:
    """Return the document under this title and file name; an empty title is the file's name.

    Another file name is a new version of the same original; of a public document also a new public copy, which has the
    name in its headers. With a `revision` it changes nothing that has another one by now. Raises NotFound,
    RoleRequired, NameRefused, and as `add_version`.
    """
    file_name = clean_file_name(file_name)
    title = clean_title(title or file_name)
    document = find_editable(document_id, editor)
    require_revision(document, revision)
    _require_same_extension(document.name, file_name)
    if file_name != document.name:
        note = f"Renamed from {document.name}"[:200]
        file = NewFile(document.original, file_name, note, title=title)
        return add_version(document, file, editor=editor)
    if title == document.title:
        return document
    with transaction.atomic():
        recheck_permission(
            document, PublishRequest(lambda: find_editable(document_id, editor), editor, "renamed")
        )
        update_unchanged(document, title=title)
        record_new_title(document, title, editor)
    return find_editable(document_id, editor)


def _require_same_extension(before: str, after: str) -> None:
    """Raise NameRefused for another ending: it says how a file is opened, and its type was proved for the old one."""
    ending = PurePosixPath(before).suffix
    if PurePosixPath(after).suffix.lower() != ending.lower():
        kept = f"must end in {ending}" if ending else "must have no ending"
        raise NameRefused(f"The file name “{after}” {kept}, as it did before.")
