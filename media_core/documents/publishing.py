"""Publishing and taking back. A document's object moves between `private/` and `media/`; no key is used twice.

The way of each: the new object's row, committed; its bytes, read back; one transaction in which the document points to
the new object and the old one leaves; the old object removed. A kill between any two leaves one of both states and
an object that the sweep knows.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from media_core.audit.models import audited
from media_core.documents.copies import private_copy, public_copy
from media_core.documents.folders import Folder
from media_core.documents.locks import hold_the_tree
from media_core.documents.models import Document
from media_core.documents.open import find_document
from media_core.documents.permissions import Editor, confirm_editor, may_be_public
from media_core.errors import BucketUnavailable, ObjectMissing, PublishingRefused, StillPublic
from media_core.storages.bucket.requirements import require_to_publish
from media_core.storages.copies import Copy, take_away
from media_core.storages.models import StoredObject
from tenants.errors import NotFound

CHANGED = "It was changed meanwhile: look at it again."

logger = logging.getLogger("media_core.documents")


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants it, and how to ask whether they may: before the bytes move, and again when they have."""

    find: Callable[[], Document]
    by: Editor | None
    action: str


def publish(document_id: UUID, *, editor: Editor) -> Document:
    """Return the document, readable for everybody from now on. One that is public already stays as it is.

    Raises NotFound, RoleRequired, PublishingRefused (a restricted folder, a change meanwhile), QuotaExceeded,
    ObjectMissing, ObjectDiffers, BucketProofExpired or BucketUnavailable; then nothing was changed. Four to six bucket
    requests.
    """
    asked = Asked(lambda: editable(document_id, editor), editor, "published")
    document = asked.find()
    return document if document.public_object_id else make_public(document, asked)


def unpublish(document_id: UUID, *, editor: Editor) -> Document:
    """Return the document, for members only from now on. One that is private already stays as it is.

    Raises as `publish`, and StillPublic when the document is private but its public object could not be removed yet.
    Three bucket requests, or one where the members' object lay under private/ all the time.
    """
    asked = Asked(lambda: editable(document_id, editor), editor, "took back")
    document = asked.find()
    if document.visibility == Document.Visibility.PRIVATE:
        return document
    return make_private(document, asked, visibility=Document.Visibility.PRIVATE)


def take_down(document_id: UUID) -> Document:
    """Return the document without a public object. It stays a public one, so that `bring_back` finds it.

    For the agency, also while the tenant is suspended. Raises as `unpublish`.
    """
    asked = Asked(lambda: known(document_id, even_suspended=True), None, "took down")
    document = asked.find()
    if not document.public_object_id:
        return document
    return make_private(document, asked, visibility=Document.Visibility.PUBLIC)


def bring_back(document_id: UUID) -> Document:
    """Return a public document that was taken down, with a public object again. Raises as `publish`."""
    asked = Asked(lambda: known(document_id), None, "brought back")
    document = asked.find()
    if document.public_object_id or document.visibility == Document.Visibility.PRIVATE:
        return document
    return make_public(document, asked)


def editable(document_id: UUID, editor: Editor) -> Document:
    """Return a document that this editor may change now. Raises RoleRequired or NotFound. Two queries."""
    confirm_editor(editor)
    return find_document(document_id, editor)


def known(document_id: UUID, *, even_suspended: bool = False) -> Document:
    """Return a document for the agency's own work on it, whoever may read it. Raises NotFound. One query."""
    documents = Document.objects.with_object().select_related("public_object", "folder")
    documents = documents if even_suspended else documents.served_now()
    found: Document | None = documents.filter(pk=document_id).first()
    if found is None:
        raise NotFound
    return found


def refuse_closed_folder(folder: Folder | None) -> None:
    """Raise PublishingRefused for what lies in a restricted folder, or below one. One query."""
    if folder and not may_be_public(folder):
        closed = Folder.objects.restricting(folder.path).first()
        raise PublishingRefused(
            f"“{closed or folder}” is restricted, and nothing in it becomes public: move it to another folder first."
        )


def make_public(document: Document, asked: Asked) -> Document:
    """Give the document a public object; see `publish`."""
    refuse_closed_folder(document.folder)
    require_to_publish()
    with _unless_changed(document), public_copy(document) as copy:
        moved = copy.stored.kind != StoredObject.Kind.DERIVED
        with transaction.atomic():
            now = _asked_again(document, asked)
            refuse_closed_folder(now.folder)
            after: dict[str, Any] = {"stored_object": copy.stored} if moved else {}
            visibility = Document.Visibility.PUBLIC
            _point(document, visibility=visibility, public_object=copy.stored, **after)
            _settle(copy, document.stored_object if moved else None)
            _write_down(document, asked)
    if moved:
        _remove_private(document.stored_object)
    return known(document.pk, even_suspended=True)


def make_private(document: Document, asked: Asked, *, visibility: Document.Visibility) -> Document:
    """Take the document's public object away; see `unpublish`."""
    public = document.public_object
    with (
        _unless_changed(document),
        private_copy(document) as copy,
        transaction.atomic(),
    ):
        _asked_again(document, asked)
        after: dict[str, Any] = {"stored_object": copy.stored} if copy else {}
        _point(document, visibility=visibility, public_object=None, **after)
        if copy:
            _settle(copy, public)
        elif public and not public.leave():
            raise PublishingRefused(CHANGED)
        _write_down(document, asked)
    if public:
        _remove_public(public)
    return known(document.pk, even_suspended=True)


def _asked_again(document: Document, asked: Asked) -> Document:
    """Return the document as it is now, when whoever asked still may. Nothing of the tree changes from here on."""
    hold_the_tree()
    return asked.find()


@contextmanager
def _unless_changed(document: Document) -> Iterator[None]:
    """Say that the document was changed, where its object is missing only because somebody else moved it."""
    try:
        yield
    except ObjectMissing:
        if _as_it_was(document).exists():
            raise
        raise PublishingRefused(CHANGED) from None


def _as_it_was(document: Document) -> QuerySet[Document]:
    found: QuerySet[Document] = Document.objects.filter(
        pk=document.pk,
        visibility=document.visibility,
        stored_object=document.stored_object_id,
        public_object=document.public_object_id,
    )
    return found


def _point(document: Document, **after: Any) -> None:
    """Change the document, unless it was changed since the bytes began to move. One UPDATE."""
    if not _as_it_was(document).update(**after):
        raise PublishingRefused(CHANGED)


def _settle(copy: Copy, old: StoredObject | None) -> None:
    """Let the new object count: in place of the old one, or beside it."""
    if old:
        copy.stored.replace(old, copy.etag)
    else:
        copy.stored.mark_stored(copy.etag)


def _write_down(document: Document, asked: Asked) -> None:
    audited(asked.by, asked.action, subject_id=document.pk, subject=document.title)


def _remove_private(old: StoredObject) -> None:
    try:
        take_away(old)
    except BucketUnavailable as error:
        # Nobody reaches it, and the sweep knows of it.
        logger.warning("The private object %s stays until the next sweep: %s", old.pk, error)


def _remove_public(old: StoredObject) -> None:
    try:
        take_away(old)
    except BucketUnavailable as error:
        raise StillPublic(f"Object {old.pk}: {error}") from error
