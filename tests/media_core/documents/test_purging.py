"""Purging the trash: in bounded steps, resumed wherever they ended, and nothing else is touched."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from media_core.audit.models import AuditEvent
from media_core.documents.folders import Folder, FolderReader
from media_core.documents.models import Document, TrashEntry, Version
from media_core.documents.purging import ROWS_PER_STEP, delete_forever, purge_entry
from media_core.documents.restriction import restrict_folder
from media_core.documents.trash import (
    find_entry,
    plan_restore,
    restore_entry,
    trash_document,
    trash_folder,
)
from media_core.jobs import purge_trash
from media_core.ledger.models import StoredObject
from tenants.binding import bind_tenant
from tenants.errors import NotFound, RoleRequired
from tenants.jobs.kinds import JobStep
from tenants.people.models import Membership
from tests.folders import admin_of, new_folder
from tests.media_core.conftest import books, document_row
from tests.trash import fill_folder, list_names, list_requested_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


def never() -> bool:
    return False


def step(seconds: float = 60) -> JobStep:
    return JobStep("", seconds=seconds, is_stopping=lambda: False)


def test_a_folder_goes_with_all_that_is_in_it_and_nothing_else(acme, globex, guides, ed):
    with bind_tenant(globex):
        fill_folder(globex, new_folder(globex, "Theirs"), documents=1, folders=1)
        foreign = trash_folder(Folder.objects.get(name="Theirs").pk, editor=admin_of(globex))
    kept = document_row("kept", folder=new_folder(acme, "Kept"))
    fill_folder(acme, guides, documents=7, folders=3, public=2)
    new_folder(acme, "Restricted", within=guides, readers=[])
    assert purge_entry(trash_folder(guides.pk, editor=ed))
    assert list_names(ed) == ({"Kept"}, {"kept"})
    assert (Folder.objects.count(), TrashEntry.objects.count(), FolderReader.objects.count()) == (1, 0, 0)  # fmt: skip
    assert [row.document for row in Version.objects.all()] == [kept]
    condemned = StoredObject.objects.filter(state="condemned", kind="original")
    soon, late = timezone.now() + timedelta(days=34), timezone.now() + timedelta(days=36)
    assert condemned.filter(purge_after__range=(soon, late)).count() == 7
    assert books(acme) == (0, 0)
    with bind_tenant(globex):
        assert list(TrashEntry.objects.all()) == [foreign]
        assert Document.objects.count() == 1


def test_it_goes_in_bounded_steps_and_on_where_it_ended(acme, guides, ed):
    documents = 2 * ROWS_PER_STEP + 1
    fill_folder(acme, guides, documents=documents, folders=4)
    entry, left = trash_folder(guides.pk, editor=ed), []
    while not purge_entry(entry, never):
        left.append(Document.objects.count())
    # It is condemned; three times documents; the deepest folder first.
    assert left[:4] == [documents, documents - ROWS_PER_STEP, 1, 0]
    assert len(left) == 4 + 5
    assert not TrashEntry.objects.exists()
    assert books(acme) == (0, 0)


def test_a_step_costs_at_most_twenty_statements(acme, guides, ed):
    fill_folder(acme, guides, documents=ROWS_PER_STEP + 1)
    entry = trash_folder(guides.pk, editor=ed)
    purge_entry(entry, never)
    with CaptureQueriesContext(connection) as captured:
        purge_entry(entry, never)
    assert Document.objects.count() == 1
    assert len(captured) <= 20


@pytest.mark.slow(seconds=30)
def test_ten_thousand_documents_take_less_than_a_second_a_step(acme, guides, ed):
    fill_folder(acme, guides, documents=10_000, folders=1_000, public=5_000)
    entry, longest, began = trash_folder(guides.pk, editor=ed), timedelta(), timezone.now()
    while not purge_entry(entry, never):
        longest, began = max(longest, timezone.now() - began), timezone.now()
    assert longest < timedelta(seconds=1)
    assert (Document.objects.count(), Folder.objects.count(), books(acme)) == (0, 0, (0, 0))


def test_what_is_being_purged_is_in_no_trash_and_comes_back_no_more(acme, guides, ed, ada):
    fill_folder(acme, guides, documents=3)
    entry = trash_folder(guides.pk, editor=ed)
    assert not purge_entry(entry, never)
    assert Document.objects.count() == 3
    for admin in (ed, ada):
        with pytest.raises(NotFound):
            restore_entry(entry.pk, editor=admin)
    assert not TrashEntry.objects.visible_to(ada).exists()


def test_what_was_restored_is_not_purged(acme, guides, ed):
    fill_folder(acme, guides, documents=3)
    entry = trash_folder(guides.pk, editor=ed)
    restore_entry(entry.pk, editor=ed)
    assert purge_entry(entry)
    assert Document.objects.readable_by(ed).count() == 3


def test_the_worker_asks_to_go_on_when_its_time_is_over(acme, guides, ed, settings):
    fill_folder(acme, guides, documents=3)
    entry = trash_folder(guides.pk, editor=ed)
    assert purge_trash(step()) is None
    assert Document.objects.count() == 3
    long_ago = timezone.now() - timedelta(days=settings.TRASH_DAYS, minutes=1)
    TrashEntry.objects.filter(pk=entry.pk).update(trashed_at=long_ago)
    assert purge_trash(step(seconds=0)) == "more"
    assert Document.objects.count() == 3
    assert purge_trash(step()) is None
    assert not Document.objects.exists()


# --- what was trashed before, out of the folders that go


def test_what_was_trashed_alone_before_outlives_its_folder(acme, guides, audio, ed):
    inner = new_folder(acme, "Inner", within=audio)
    document = document_row("inside", folder=inner)
    entries = [
        trash_document(document_row("alone", folder=audio).pk, editor=ed),
        trash_folder(inner.pk, editor=ed),
    ]
    assert purge_entry(trash_folder(audio.pk, editor=ed))
    for entry in entries:
        plan = plan_restore(find_entry(entry.pk, ed))
        assert (plan.target, plan.is_its_place) == (guides, False)
        restore_entry(entry.pk, editor=ed, readers=plan.readers)
    assert list_names(ed) == ({"Guides", "Inner"}, {"alone", "inside"})
    assert Folder.objects.get(pk=inner.pk).path == [guides.pk, inner.pk]
    assert Document.objects.get(pk=document.pk).folder == inner


def test_what_was_trashed_out_of_a_folder_restricted_since_stays_hidden_when_it_goes(
    acme, guides, ed, ada
):
    entries = [trash_document(document_row(folder=guides).pk, editor=ed)]
    inner = new_folder(acme, "Inner", within=guides)
    entries.append(trash_document(document_row(folder=inner).pk, editor=ed))
    entries.append(trash_folder(inner.pk, editor=ed))
    assert TrashEntry.objects.visible_to(ed).count() == 3
    restrict_folder(folder_id=guides.pk, readers=[], admin=ada)
    assert purge_entry(trash_folder(guides.pk, editor=ada))
    assert not TrashEntry.objects.visible_to(ed).exists()
    assert set(TrashEntry.objects.visible_to(ada)) == set(entries)


def test_a_folder_and_what_lay_in_it_are_purged_in_any_order(acme, guides, audio, ed):
    inner = trash_folder(audio.pk, editor=ed)
    outer = trash_folder(guides.pk, editor=ed)
    assert purge_entry(outer)
    assert purge_entry(inner)
    assert not Folder.objects.exists()


# --- deleting forever


def test_what_is_purged_but_for_its_entry_does_not_stop_the_folder_in_which_it_lay(
    acme, globex, guides, audio, ed
):
    inner = trash_folder(audio.pk, editor=ed)
    while Folder.objects.filter(trash_entry=inner).exists():
        assert not purge_entry(inner, never)
    assert purge_entry(trash_folder(guides.pk, editor=ed))
    assert purge_entry(inner)
    assert not TrashEntry.objects.exists()


def test_an_admin_deletes_forever_what_the_worker_then_purges(acme, globex, guides, ed, ada):
    fill_folder(acme, guides, documents=3)
    entry = trash_folder(guides.pk, editor=ed)
    delete_forever(entry.pk, admin=ada)
    assert list_requested_jobs(acme) >= {"purge_trash"}
    assert "purge_trash" not in list_requested_jobs(globex)
    with pytest.raises(NotFound):
        find_entry(entry.pk, ada)
    assert purge_trash(step()) is None
    assert not Document.objects.exists()
    events = AuditEvent.objects.filter(action="deleted forever")
    assert [(str(event), event.detail) for event in events] == [
        ("Ada deleted forever Guides", "the folder, with 3 documents")
    ]


def test_who_is_no_member_any_more_deletes_nothing(acme, guides, people, ada):
    entry = trash_folder(guides.pk, editor=ada)
    Membership.objects.filter(person=people["ada"], tenant=acme).delete()
    with pytest.raises(RoleRequired):
        delete_forever(entry.pk, admin=ada)
    with pytest.raises(RoleRequired):
        restore_entry(entry.pk, editor=ada)
    assert find_entry(entry.pk, ada) == entry


def test_who_is_no_admin_any_more_deletes_nothing_forever(acme, guides, people, ada):
    entry = trash_folder(guides.pk, editor=ada)
    Membership.objects.filter(person=people["ada"], tenant=acme).update(role="editor")
    with pytest.raises(RoleRequired):
        delete_forever(entry.pk, admin=ada)
    assert find_entry(entry.pk, ada) == entry


def test_another_tenants_entry_is_not_deleted(acme, globex, guides, ada, people):
    entry = trash_folder(guides.pk, editor=ada)
    with bind_tenant(globex), pytest.raises(NotFound):
        delete_forever(entry.pk, admin=admin_of(globex))
    assert find_entry(entry.pk, ada) == entry
