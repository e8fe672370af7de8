"""Publishing and unpublishing. The original stays where it is, under `private/`; the public gets a copy under `media/`.

Where the bucket shows the public nothing, or files are on disk, the public gets a link to the original instead, and a
copy only of a photo that would tell where it was taken.
Publishing: the copy's row, committed; its bytes, proved; one transaction in which the document points to it.
Unpublishing: one transaction in which the document lets go of the copy, which is condemned; the copy removed. A kill
between any two leaves one of both states, and at most a copy that the sweep removes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from media_core.audit.models import record_event
from media_core.bucket.public_access import public_reaches_objects
from media_core.documents.copies import make_public_copy, public_columns
from media_core.documents.folders import Folder
from media_core.documents.locks import lock_tree
from media_core.documents.models import Document
from media_core.documents.open import find_document
from media_core.documents.permissions import Editor, confirm_editor, may_be_public
from media_core.errors import BucketUnavailable, DocumentChanged, PublishingRefused, StillPublic
from media_core.ledger.models import StoredObject
from media_core.storages.object_copies import ProvedCopy, remove_object
from tenants.errors import NotFound


@dataclass(frozen=True, slots=True)
class PublishRequest:
    """Who wants it, and how to ask whether they may: before the bytes move, and again when they have."""

    find: Callable[[], Document]
    requested_by: Editor | None
    action: str


def publish(document_id: UUID, *, editor: Editor, revision: int | None = None) -> Document:
    """Return the document, readable for everybody from now on. One that is public already stays as it is.

    With a `revision` it changes nothing that has another one by now. Raises NotFound, RoleRequired, DocumentChanged,
    PublishingRefused (a restricted folder, an unknown photo), ObjectMissing, ObjectDiffers, BucketProofExpired or
    BucketUnavailable; then nothing was changed. Two bucket requests where the bucket copies, up to five elsewhere; none
    where the public gets the original.
    """
    asked = PublishRequest(lambda: find_editable(document_id, editor), editor, "published")
    document = asked.find()
    if is_served_to_public(document):
        return document
    require_revision(document, revision)
    return make_public(document, asked)


def unpublish(document_id: UUID, *, editor: Editor, revision: int | None = None) -> Document:
    """Return the document, for members only from now on. One that is private already stays as it is.

    Raises as `publish`, and StillPublic when the document is private but its public copy could not be removed yet. One
    bucket request, or none where the public got the original.
    """
    asked = PublishRequest(lambda: find_editable(document_id, editor), editor, "unpublished")
    document = asked.find()
    if document.visibility == Document.Visibility.PRIVATE:
        return document
    require_revision(document, revision)
    return make_private(document, asked, visibility=Document.Visibility.PRIVATE)


def take_down(document_id: UUID) -> Document:
    """Return the document without a public copy. It stays a public one, so that `bring_back` finds it.

    One that shows its original has none: of a suspended tenant nobody gets it, and afterwards everybody does again.
    For the agency, also while the tenant is suspended. Raises as `unpublish`.
    """
    asked = PublishRequest(
        lambda: find_for_agency(document_id, even_suspended=True), None, "took down"
    )
    document = asked.find()
    if not document.public_copy_id:
        return document
    return make_private(document, asked, visibility=Document.Visibility.PUBLIC)


def bring_back(document_id: UUID) -> Document:
    """Return a public document that was taken down, or waits for its copy; the public gets it. Raises as `publish`."""
    asked = PublishRequest(lambda: find_for_agency(document_id), None, "brought back")
    document = asked.find()
    if is_served_to_public(document) or document.visibility == Document.Visibility.PRIVATE:
        return document
    return make_public(document, asked)


def republish(document_id: UUID) -> Document:
    """Return a public document, published once more; the public copy of before is condemned. Raises as `publish`."""
    asked = PublishRequest(lambda: find_for_agency(document_id), None, "published again")
    document = asked.find()
    if document.visibility == Document.Visibility.PRIVATE:
        return document
    return make_public(document, asked)


def is_served_to_public(document: Document) -> bool:
    """Return whether the public gets the document, and from where PUBLIC_MEDIA_MODE says."""
    has_copy = document.public_copy_id is not None
    return has_copy or (document.shows_original and not public_reaches_objects())


def find_editable(document_id: UUID, editor: Editor) -> Document:
    """Return a document that this editor may change now. Raises RoleRequired or NotFound. Two queries."""
    confirm_editor(editor)
    return find_document(document_id, editor)


def find_for_agency(document_id: UUID, *, even_suspended: bool = False) -> Document:
    """Return a document for the agency's own work on it, whoever may read it. Raises NotFound. One query."""
    documents = Document.objects.with_object().select_related("public_copy", "folder")
    documents = documents if even_suspended else documents.served_now()
    found: Document | None = documents.filter(pk=document_id).first()
    if found is None:
        raise NotFound
    return found


def require_publishable_folder(folder: Folder | None) -> None:
    """Raise PublishingRefused for what lies in a restricted folder, or below one. One query."""
    if folder and not may_be_public(folder):
        closed = Folder.objects.restricting(folder.path).first()
        raise PublishingRefused(
            f"“{closed or folder}” is restricted, and nothing in it becomes public: move it to another folder first."
        )


def make_public(document: Document, asked: PublishRequest) -> Document:
    """Let the public get the document; see `publish`."""
    require_publishable_folder(document.folder)
    with (
        make_public_copy(document.original, file_name=document.name) as copy,
        transaction.atomic(),
    ):
        now = recheck_permission(document, asked)
        require_publishable_folder(now.folder)
        update_unchanged(document, visibility=Document.Visibility.PUBLIC, **public_columns(copy))
        settle_public_copies(copy, document.public_copy)
        _record_event(document, asked)
    return find_for_agency(document.pk, even_suspended=True)


def make_private(
    document: Document, asked: PublishRequest, *, visibility: Document.Visibility
) -> Document:
    """Take the document's public copy away; see `unpublish`."""
    copy = document.public_copy
    with transaction.atomic():
        recheck_permission(document, asked)
        update_unchanged(document, visibility=visibility, public_copy=None)
        settle_public_copies(None, copy)
        _record_event(document, asked)
    if copy:
        remove_public_copy(copy)
    return find_for_agency(document.pk, even_suspended=True)


def recheck_permission(document: Document, asked: PublishRequest) -> Document:
    """Return the document as it is now, when whoever asked still may. Nothing of the tree changes from here on."""
    lock_tree()
    return asked.find()


def require_revision(document: Document, revision: int | None) -> None:
    """Raise DocumentChanged when the document is no more what somebody saw; with None they do not say what they saw."""
    if revision is not None and document.revision != revision:
        raise DocumentChanged


def update_unchanged(document: Document, **after: Any) -> None:
    """Change the document, or raise DocumentChanged when it was changed since it was read. One UPDATE."""
    same = Document.objects.filter(pk=document.pk, revision=document.revision)
    if not same.update(**after):
        raise DocumentChanged


def settle_public_copies(new: ProvedCopy | None, old: StoredObject | None) -> None:
    """Let the new public copy count, and condemn the old one. Belongs behind `update_unchanged`, in its transaction."""
    if new:
        new.stored.mark_stored(new.etag)
    if old and not old.condemn():
        raise DocumentChanged


def _record_event(document: Document, asked: PublishRequest) -> None:
    record_event(asked.requested_by, asked.action, subject_id=document.pk, subject=document.title)


def remove_public_copy(copy: StoredObject) -> None:
    """Remove a condemned public copy now. Raises StillPublic when the bucket does not answer; the sweep removes it."""
    try:
        remove_object(copy)
    except BucketUnavailable as error:
        raise StillPublic(f"Object {copy.pk}: {error}") from error
