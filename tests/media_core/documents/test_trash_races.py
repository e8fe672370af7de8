"""A folder that goes to the trash beside another change: either sees the whole of the other, whatever the order."""

import pytest
from django.core.files.base import ContentFile

from media_core.documents.folders import Folder
from media_core.documents.models import Document, TrashEntry
from media_core.documents.moves import move_document
from media_core.documents.publishing import publish
from media_core.documents.purging import delete_forever
from media_core.documents.restriction import restrict_folder
from media_core.documents.trash import restore_entry, trash_document, trash_folder
from media_core.documents.tree import create_folder
from media_core.ledger.models import StoredObject
from media_core.uploads.flow import store_upload, sweep
from tenants.binding import bind_tenant
from tenants.errors import NotFound
from tests.folders import admin_of, new_folder
from tests.media_core.conftest import books
from tests.media_core.documents.conftest import BROCHURE
from tests.media_core.locks import one_after_the_other

pytestmark = [pytest.mark.django_db, pytest.mark.bucket]


@pytest.fixture
def room(committed, acme, people, keep):
    """A folder at acme with a folder and a document in it, and its admin."""

    def make():
        admin, folder = admin_of(acme), new_folder(acme, "Guides")
        inner, document = new_folder(acme, "Audio", within=folder), keep(BROCHURE, "b.pdf")
        with bind_tenant(acme):
            move_document(document_id=document.pk, target_id=inner.pk, editor=admin)
        return admin, folder, inner, document

    return committed(make)


def upload(admin, folder):
    file = ContentFile(BROCHURE, name="new.pdf")
    return store_upload(uploader=admin, file=file, folder=folder)


CHANGES = {
    "upload": lambda admin, inner, document: upload(admin, inner),
    "move out": lambda admin, inner, document: move_document(
        document_id=document.pk, target_id=None, editor=admin
    ),
    "publish": lambda admin, inner, document: publish(document.pk, editor=admin),
    "make a folder": lambda admin, inner, document: create_folder(
        name="New", parent_id=inner.pk, editor=admin
    ),
    "trash the folder in it": lambda admin, inner, document: trash_folder(inner.pk, editor=admin),
    "trash the document in it": lambda admin, inner, document: trash_document(
        document.pk, editor=admin
    ),
    "restrict": lambda admin, inner, document: restrict_folder(
        folder_id=inner.pk, readers=[], admin=admin
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_comes_after_the_trash_finds_nothing_there(change, room, committed, acme):
    admin, folder, inner, document = room

    def race():
        refusal = one_after_the_other(
            acme,
            lambda: trash_folder(folder.pk, editor=admin),
            lambda: CHANGES[change](admin, inner, document),
        )
        with bind_tenant(acme):
            assert TrashEntry.objects.count() == 1
            assert not Folder.objects.untrashed().exists()
            assert not Document.objects.untrashed().exists()
            public = StoredObject.objects.filter(area="media", state__in=["pending", "stored"])
            assert not public.exists()
            # What a failed upload may have left in the bucket holds its quota until then.
            sweep()
        return refusal, books(acme)

    refusal, used = committed(race)
    assert isinstance(refusal, NotFound)
    assert used == (len(BROCHURE), 0)


# What holds the tree from its first statement to its last: a publishing and an upload wait for the bucket in between.
@pytest.mark.parametrize("change", sorted(CHANGES.keys() - {"upload", "publish"}))
def test_what_comes_before_the_trash_goes_along_or_is_out_of_it(change, room, committed, acme):
    admin, folder, inner, document = room

    def race():
        entry = one_after_the_other(
            acme,
            lambda: CHANGES[change](admin, inner, document),
            lambda: trash_folder(folder.pk, editor=admin),
        )
        with bind_tenant(acme):
            outside = Document.objects.readable_by(admin).count()
            folders = Folder.objects.readable_by(admin).count()
            return entry, outside, folders, TrashEntry.objects.count()

    entry, outside, folders, entries = committed(race)
    assert isinstance(entry, TrashEntry)
    assert (outside, folders) == (int(change == "move out"), 0)
    assert entries == (2 if change.startswith("trash") else 1)


def test_a_document_that_was_moved_meanwhile_comes_back_to_where_it_lay_last(room, committed, acme):
    admin, folder, _, document = room

    def race():
        entry = one_after_the_other(
            acme,
            lambda: move_document(document_id=document.pk, target_id=folder.pk, editor=admin),
            lambda: trash_document(document.pk, editor=admin),
        )
        with bind_tenant(acme):
            restore_entry(entry.pk, editor=admin)
            return entry.place_id, Document.objects.get(pk=document.pk).folder_id

    assert committed(race) == (folder.pk, folder.pk)


@pytest.mark.parametrize(
    ("first", "second"),
    [("restore", "delete"), ("delete", "restore"), ("restore", "restore")],
)
def test_an_entry_is_restored_or_deleted_once(first, second, room, committed, acme):
    admin, folder, _, document = room

    def race():
        with bind_tenant(acme):
            entry = trash_folder(folder.pk, editor=admin)
        flows = {
            "restore": lambda: restore_entry(entry.pk, editor=admin),
            "delete": lambda: delete_forever(entry.pk, admin=admin),
        }
        refusal = one_after_the_other(acme, flows[first], flows[second])
        with bind_tenant(acme):
            return refusal, Document.objects.readable_by(admin).filter(pk=document.pk).exists()

    refusal, is_back = committed(race)
    assert isinstance(refusal, NotFound)
    assert is_back == (first == "restore")
