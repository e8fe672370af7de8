"""The trash: hidden at once, restored private to where it lay, purged in the end; no byte is lost before."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from media_core.documents.folders import Folder
from media_core.documents.models import Document, TrashEntry, Version
from media_core.documents.publishing import publish
from media_core.documents.purging import purge_entry
from media_core.documents.trash import (
    find_entry,
    plan_restore,
    restore_entry,
    trash_document,
    trash_folder,
)
from media_core.documents.versions import find_version
from media_core.errors import WideningNotConfirmed
from media_core.jobs import purge_trash
from media_core.ledger.models import StoredObject
from tenants import quotas
from tenants.binding import bind_tenant
from tenants.errors import NotFound
from tenants.jobs.kinds import JobStep
from tests.media_core.documents.conftest import BROCHURE, again, bytes_of, seen_by_a_stranger

pytestmark = [pytest.mark.django_db, pytest.mark.bucket, pytest.mark.usefixtures("in_acme")]


def make_folder(*, restricted: bool = False) -> Any:
    folder = Folder(name="Board", is_restricted=restricted, created_by_id="0" * 32, path=[])
    folder.path = [folder.pk]
    folder.save()
    return folder


def move(document: Any, folder: Any) -> None:
    Document.objects.filter(pk=document.pk).update(folder=folder)


def test_what_is_in_the_trash_is_found_nowhere_else_and_keeps_its_bytes(private, ed, browse, acme):
    before, used = private.original, quotas.read_quota().used_bytes
    trash_document(private.pk, editor=ed)
    assert not Document.objects.readable_by(ed).exists()
    browser = browse(acme, "ed")
    assert browser.get(f"/d/{private.pk}").status_code == 404
    assert browser.get(f"/documents/{private.pk}").status_code == 404
    assert private.title not in browser.get("/").content.decode()
    assert bytes_of(before)
    assert quotas.read_quota().used_bytes == used


def test_a_public_document_is_public_no_more(public, ed):
    copy = public.public_copy
    trash_document(public.pk, editor=ed)
    assert seen_by_a_stranger(copy.key) is None
    assert StoredObject.objects.get(pk=copy.pk).state == "gone"


def test_it_comes_back_private_to_the_folder_where_it_lay(public, ed):
    folder = make_folder()
    move(public, folder)
    entry = trash_document(public.pk, editor=ed)
    restored: Any = restore_entry(entry.pk, editor=ed)
    now = again(restored)
    assert (now.visibility, now.folder, now.public_copy) == ("private", folder, None)
    assert publish(now.pk, editor=ed).public_copy


def test_where_its_folder_is_gone_it_is_asked_how_many_can_open_it_then(private, ed):
    folder = make_folder()
    move(private, folder)
    entry = trash_document(private.pk, editor=ed)
    purge_entry(trash_folder(folder.pk, editor=ed))
    with pytest.raises(WideningNotConfirmed):
        restore_entry(entry.pk, editor=ed)
    restore_entry(entry.pk, editor=ed, readers=plan_restore(find_entry(entry.pk, ed)).readers)
    assert again(private).folder is None


def test_what_lay_in_a_restricted_folder_is_found_by_admins_only(private, ed, ada):
    move(private, make_folder(restricted=True))
    entry = trash_document(private.pk, editor=ada)
    with pytest.raises(NotFound):
        find_entry(entry.pk, ed)
    assert find_entry(entry.pk, ada) == entry


def test_what_lies_in_the_trash_when_its_folder_is_restricted_is_hidden_too(private, ed, ada):
    folder = make_folder()
    move(private, folder)
    entry = trash_document(private.pk, editor=ed)
    Folder.objects.filter(pk=folder.pk).update(is_restricted=True)
    with pytest.raises(NotFound):
        find_entry(entry.pk, ed)
    assert find_entry(entry.pk, ada) == entry


def test_what_is_purged_is_gone_for_good_and_a_backup_still_finds_its_bytes(private, ed):
    entry = trash_document(private.pk, editor=ed)
    assert purge_entry(entry)
    assert purge_entry(entry)
    for model in (Document, Version, TrashEntry):
        assert not model.objects.exists()
    original = StoredObject.objects.get(pk=private.original_id)
    assert (original.state, original.charged_bytes) == ("condemned", 0)
    assert original.purge_after > timezone.now() + timedelta(days=34)
    assert bytes_of(original)
    assert quotas.read_quota().used_bytes == 0


def test_the_worker_purges_what_is_due_and_nothing_else(private, keep, ed, settings):
    old, new = (
        trash_document(private.pk, editor=ed),
        trash_document(keep(BROCHURE, "b.pdf").pk, editor=ed),
    )
    long_ago = timezone.now() - timedelta(days=settings.TRASH_DAYS, minutes=1)
    TrashEntry.objects.filter(pk=old.pk).update(trashed_at=long_ago)
    purge_trash(JobStep("", seconds=60, is_stopping=lambda: False))
    assert list(TrashEntry.objects.all()) == [new]


def test_a_purge_beside_a_restoration_removes_nothing(private, ed):
    entry = trash_document(private.pk, editor=ed)
    restore_entry(entry.pk, editor=ed)
    assert purge_entry(entry)
    assert find_version(again(private), 1).number == 1


def test_another_tenants_documents_and_trash_are_not_there(ed, globex, store):
    foreign = store(globex, b"globex's")
    with pytest.raises(NotFound):
        trash_document(foreign.pk, editor=ed)


class TestPages:
    def test_an_editor_moves_to_the_trash_and_restores(self, private, acme, browse):
        browser, path = browse(acme, "ed"), f"/documents/{private.pk}"
        asked = browser.get(f"{path}/trash").content.decode()
        assert "to the trash?" in asked
        assert re.search(r"\d people can open it now. In the trash nobody can.", asked)
        assert browser.post(f"{path}/trash").headers["Location"] == "/"
        assert "You can restore it for 30 days." in browser.get("/").content.decode()
        listed = browser.get("/trash").content.decode()
        assert private.title in listed
        with bind_tenant(acme):
            entry = TrashEntry.objects.get()
        assert "Restore “" in browser.get(f"/trash/{entry.pk}/restore").content.decode()
        assert browser.post(f"/trash/{entry.pk}/restore").headers["Location"] == path
        assert browser.get(path).status_code == 200
        assert "The trash is empty." in browser.get("/trash").content.decode()

    def test_a_viewer_reaches_none_of_it(self, private, acme, browse):
        browser = browse(acme, "vic")
        for path in ("/trash", f"/documents/{private.pk}/trash"):
            assert browser.get(path).status_code == 403
