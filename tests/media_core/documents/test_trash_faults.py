"""Whatever ends the trashing, restoring or purging of a folder, and wherever: the next run brings it to its end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from media_core.documents.folders import Folder
from media_core.documents.models import Document, TrashEntry, Version
from media_core.documents.moves import move_document
from media_core.documents.publishing import publish
from media_core.documents.purging import purge_entry
from media_core.documents.trash import plan_restore, restore_entry, trash_document, trash_folder
from media_core.ledger.models import StoredObject
from media_core.uploads.flow import sweep
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.folders import new_folder
from tests.media_core.conftest import books, in_a_thread
from tests.media_core.documents.conftest import BROCHURE, again, bytes_of, seen_by_a_stranger
from tests.media_core.uploads.faults import BOTH, INTERRUPTED_OR_SLOWLY_KILLED, parametrize_cuts
from tests.trash import fill_folder, list_names

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_thread(committed):
    """Return a function that does works one after the other, for acme, on a connection of its own."""
    acme = Tenant.objects.get(location_prefix="acme/")

    def do(*works):
        def bound():
            with bind_tenant(acme):
                return [work() for work in works]

        return in_a_thread(bound)

    return do


@pytest.fixture
def document(committed, acme, keep, ed):
    """A private document in a folder in a folder, whose rows are committed."""

    def make():
        folder = new_folder(acme, "Guides")
        inner, document = new_folder(acme, "Audio", within=folder), keep(BROCHURE, "b.pdf")
        with bind_tenant(acme):
            move_document(document_id=document.pk, target_id=inner.pk, editor=ed)
        return document

    return committed(make)


def trash_everything(editor):
    """Move the folder at the top to the trash, unless it is there."""
    for folder in Folder.objects.untrashed().filter(parent=None):
        trash_folder(folder.pk, editor=editor)


def restore_everything(editor):
    for entry in TrashEntry.objects.filter(is_folder=True):
        restore_entry(entry.pk, editor=editor)


def purge_folder():
    for entry in TrashEntry.objects.filter(is_folder=True):
        purge_entry(entry)


def assert_whole(editor):
    """Assert that the folder with all that is in it is in its place, or all of it in the trash."""
    folders, titles = list_names(editor)
    assert (len(folders), len(titles)) in {
        (Folder.objects.count(), Document.objects.count()),
        (0, 0),
    }
    entries = TrashEntry.objects.filter(is_folder=True).count()
    assert entries == (0 if folders else 1)


@pytest.mark.bucket
@parametrize_cuts(in_every_run=["killed"], when_slow=BOTH)
def test_a_folder_is_wholly_in_the_trash_or_wholly_public(cuts, document, in_thread, ed):
    acme = Tenant.objects.get(location_prefix="acme/")

    def assert_private_when_trashed():
        now = again(document)
        public = StoredObject.objects.filter(area="media", state="stored")
        assert [now.public_copy] == list(public) or (now.trash_entry and not public)
        assert bytes_of(now.original) == BROCHURE

    def assert_done():
        assert again(document).trash_entry
        copies = StoredObject.objects.filter(area="media")
        assert {copy.state for copy in copies} == {"gone"}
        assert not any(seen_by_a_stranger(copy.key) for copy in copies)

    for run in cuts.iterate_runs(steps=20, states=2):
        in_thread(lambda: restore_everything(ed), lambda: publish(document.pk, editor=ed))
        run(lambda: trash_everything(ed), acme)
        in_thread(
            lambda: assert_whole(ed),
            assert_private_when_trashed,
            lambda: trash_everything(ed),
            sweep,
            assert_done,
        )


@INTERRUPTED_OR_SLOWLY_KILLED
def test_a_folder_is_wholly_restored_or_wholly_in_the_trash(cuts, acme, committed, in_thread, ed):
    def make():
        folder = new_folder(acme, "Guides")
        with bind_tenant(acme):
            fill_folder(acme, folder, documents=5, folders=2)

    committed(make)
    for run in cuts.iterate_runs(steps=20, states=2):
        in_thread(lambda: trash_everything(ed))
        run(lambda: restore_everything(ed), acme)
        in_thread(lambda: assert_whole(ed), lambda: restore_everything(ed))
        assert in_thread(lambda: list_names(ed)[0]) == [{"Guides", "folder 1", "folder 2"}]


def fill_trash(acme, editor):
    """Trash a folder out of which a document was trashed before, and which holds a folder and four documents."""
    folder = new_folder(acme, "Guides")
    with bind_tenant(acme):
        alone, *_ = fill_folder(acme, folder, documents=5, folders=1)
        trash_document(alone.pk, editor=editor)
        trash_folder(folder.pk, editor=editor)


def assert_nothing_half_gone():
    documents = Document.objects.select_related("original")
    assert {row.original.state for row in documents} <= {"stored"}
    assert {Version.objects.count(), StoredObject.objects.stored().count()} == {len(documents)}
    # What is found in the trash is whole.
    for entry in TrashEntry.objects.filter(condemned_at=None):
        assert entry.documents.count() == (4 if entry.is_folder else 1)


def assert_all_gone():
    for model in (Folder, Document, Version):
        assert not model.objects.exists()
    soon = timezone.now() + timedelta(days=34)
    kept = StoredObject.objects.filter(state="condemned", purge_after__gt=soon)
    assert kept.count() == StoredObject.objects.count() == 5
    kept.delete()


@INTERRUPTED_OR_SLOWLY_KILLED
def test_a_purge_goes_on_where_it_ended(cuts, acme, committed, in_thread, ed):
    for run in cuts.iterate_runs(steps=60, states=6):
        committed(lambda: fill_trash(acme, ed))
        run(purge_folder, acme)
        in_thread(assert_nothing_half_gone, purge_folder)
        # What was trashed alone is still there.
        assert in_thread(lambda: plan_restore(TrashEntry.objects.get()).target) == [None]
        in_thread(lambda: purge_entry(TrashEntry.objects.get()), assert_all_gone)
        assert committed(lambda: books(acme)) == (0, 0)
