"""A folder in the trash: all that is in it is found nowhere, however much it is."""

from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from media_core.documents.folders import Folder, find_folder, find_place, find_way
from media_core.documents.models import Document, TrashEntry
from media_core.documents.moves import move_document, move_folder
from media_core.documents.open import open_document
from media_core.documents.opening import find
from media_core.documents.permissions import may_read, may_read_folder
from media_core.documents.publishing import publish
from media_core.documents.renaming import rename_document
from media_core.documents.restriction import lift_restriction, restrict_folder
from media_core.documents.trash import (
    Contents,
    count_contents,
    count_entry_contents,
    find_entry,
    restore_entry,
    trash_document,
    trash_folder,
)
from media_core.documents.tree import create_folder, rename_folder
from media_core.ledger.models import StoredObject
from media_core.upkeep.sweeping import sweep_room
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.errors import NotFound
from tests.folders import admin_of, new_folder
from tests.media_core.conftest import document_row
from tests.media_core.documents.conftest import again, bytes_of, seen_by_a_stranger
from tests.trash import SIZE_BYTES, fill_folder, list_names, list_requested_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


# --- hidden


def test_everything_in_it_is_in_no_list_and_no_sum(acme, guides, audio, ed, ada):
    other = new_folder(acme, "Other")
    document_row("inside", folder=audio)
    document_row("beside", folder=other)
    trash_folder(guides.pk, editor=ed)
    for member in (ed, ada):
        assert list_names(member) == ({"Other"}, {"beside"})
        held = Document.objects.readable_by(member).held_by([guides, other])
        assert set(held) == {other.pk}


def test_the_twins_agree_on_what_is_in_the_trash(acme, guides, audio, ed, ada):
    hidden = new_folder(acme, "Hidden", within=guides, readers=[])
    for folder in (guides, audio, hidden, None):
        document_row(folder=folder)
    trash_folder(audio.pk, editor=ed)
    trash_folder(guides.pk, editor=ed)
    for member in (ed, ada, None):
        for folder in Folder.objects.all():
            assert not may_read_folder(member, folder)
        documents = set(Document.objects.readable_by(member))
        assert documents == {row for row in Document.objects.all() if may_read(member, row)}
        assert len(documents) == (member is not None)
        assert documents == {
            row for row in Document.objects.all() if find(row.pk, member, is_noted=True)
        }


@pytest.mark.bucket
def test_nothing_can_be_done_with_what_is_in_the_trash(acme, audio, ed, ada, private):
    guides = audio.parent
    other = new_folder(acme, "Other")
    inside = document_row(folder=audio)
    trash_folder(guides.pk, editor=ed)
    file = partial(ContentFile, b"content", name="offer.pdf")
    attempts = [
        lambda: find_folder(audio.pk, ada),
        lambda: find_place(guides.pk, ada),
        lambda: find_way(audio.pk, ada),
        lambda: create_folder(name="x", parent_id=audio.pk, editor=ada),
        lambda: rename_folder(folder_id=guides.pk, name="x", editor=ada),
        lambda: move_folder(folder_id=audio.pk, target_id=None, editor=ada),
        lambda: move_folder(folder_id=other.pk, target_id=audio.pk, editor=ada),
        lambda: move_document(document_id=private.pk, target_id=guides.pk, editor=ada),
        lambda: move_document(document_id=inside.pk, target_id=other.pk, editor=ada),
        lambda: restrict_folder(folder_id=audio.pk, readers=[], admin=ada),
        lambda: lift_restriction(folder_id=audio.pk, admin=ada),
        lambda: rename_document(inside.pk, title="x", file_name="x.pdf", editor=ada),
        lambda: publish(inside.pk, editor=ada),
        lambda: open_document(inside.pk, ada),
        lambda: trash_document(inside.pk, editor=ada),
        lambda: trash_folder(audio.pk, editor=ada),
        lambda: store_upload(uploader=ada, file=file(), folder=audio),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound) as refusal:
            attempt()
        assert str(refusal.value) == "There is nothing here."


def test_its_name_is_free_for_another_folder(guides, ed):
    trash_folder(guides.pk, editor=ed)
    again_made = create_folder(name="guides", parent_id=None, editor=ed)
    trash_folder(again_made.pk, editor=ed)
    assert TrashEntry.objects.count() == 2


def test_another_tenants_folder_and_entry_are_not_there(acme, globex, guides, ed, people):
    foreign = new_folder(globex, "Foreign")
    with bind_tenant(globex):
        entry = trash_folder(foreign.pk, editor=admin_of(globex))
    with pytest.raises(NotFound):
        trash_folder(foreign.pk, editor=ed)
    with pytest.raises(NotFound):
        restore_entry(entry.pk, editor=ed)
    trash_folder(guides.pk, editor=ed)
    with bind_tenant(globex):
        assert list(TrashEntry.objects.all()) == [entry]


# --- cost


def count_statements(flow) -> tuple[list[str], list[str]]:
    """Return the verbs of the statements that a flow sends, and which tables it updates."""
    with CaptureQueriesContext(connection) as captured:
        flow()
    statements = [query["sql"] for query in captured.captured_queries]
    updates = [sql.split('"')[1] for sql in statements if sql.startswith("UPDATE")]
    return [sql.split(None, 1)[0] for sql in statements], updates


@pytest.mark.parametrize(
    ("folders", "documents"),
    [(3, 20), pytest.param(1_000, 10_000, marks=pytest.mark.slow(seconds=15))],
)
def test_a_large_folder_costs_as_many_statements_as_an_empty_one(
    folders, documents, acme, guides, ed
):
    empty = new_folder(acme, "Empty")
    document_row(folder=empty, visibility="public", public_copy=None)
    fill_folder(acme, empty, documents=1, public=1)
    few, _ = count_statements(lambda: trash_folder(empty.pk, editor=ed))
    fill_folder(acme, guides, folders=folders, documents=documents, public=documents // 2)
    many, updated = count_statements(lambda: trash_folder(guides.pk, editor=ed))
    assert many == few
    assert updated == ["media_core_storedobject", "media_core_document", "media_core_folder"]
    assert not Document.objects.readable_by(ed).exists()
    entry = TrashEntry.objects.get(title="Guides")
    held = count_entry_contents([entry], ed)[entry.pk]
    assert held == Contents(folders, documents, documents * SIZE_BYTES)
    back, updated = count_statements(lambda: restore_entry(entry.pk, editor=ed))
    assert updated == ["media_core_folder", "media_core_document"]
    assert len(back) < 25
    assert Document.objects.readable_by(ed).count() == documents


# --- what was public


@pytest.mark.bucket
def test_public_documents_in_it_are_private_at_once_and_their_copies_due(
    acme, globex, audio, public, ed
):
    move_document(document_id=public.pk, target_id=audio.pk, editor=ed)
    copy = public.public_copy
    trash_folder(audio.parent_id, editor=ed)
    now = again(public)
    assert (now.visibility, now.public_copy) == ("private", None)
    assert StoredObject.objects.get(pk=copy.pk).state == "condemned"
    assert "sweep" in list_requested_jobs(acme)
    assert "sweep" not in list_requested_jobs(globex)
    assert copy in sweep_room()
    assert seen_by_a_stranger(copy.key) is None
    assert bytes_of(now.original)


def test_the_question_counts_what_the_editor_reads(acme, guides, audio, ed, ada):
    hidden = new_folder(acme, "Hidden", within=audio, readers=[])
    fill_folder(acme, audio, documents=3, public=2)
    fill_folder(acme, hidden, documents=1)
    assert count_contents(guides, ed) == Contents(1, 3, 3 * SIZE_BYTES, 2)
    assert count_contents(guides, ada) == Contents(2, 4, 4 * SIZE_BYTES, 2)


# --- who finds it


def test_what_an_editor_cannot_read_goes_along_and_is_not_counted_for_them(
    acme, guides, people, ed, ada
):
    hidden = new_folder(acme, "Hidden", within=guides, readers=[])
    document_row(folder=hidden)
    document_row(folder=guides)
    entry = trash_folder(guides.pk, editor=ed)
    assert not Folder.objects.readable_by(ada).exists()
    assert count_entry_contents([find_entry(entry.pk, ed)], ed)[entry.pk][:2] == (0, 1)
    assert count_entry_contents([entry], ada)[entry.pk][:2] == (1, 2)
    restore_entry(entry.pk, editor=ed)
    assert list_names(ada)[0] == {"Guides", "Hidden"}
    assert list_names(ed)[0] == {"Guides"}


def test_a_restricted_folder_is_found_by_admins_only(acme, people, ed, ada):
    board = new_folder(acme, "Board", readers=[people["ed"]])
    entry = trash_folder(board.pk, editor=ed)
    with pytest.raises(NotFound):
        find_entry(entry.pk, ed)
    assert find_entry(entry.pk, ada) == entry


def test_what_lay_in_a_folder_restricted_since_is_found_by_admins_only(
    acme, guides, audio, ed, ada
):
    entry = trash_folder(audio.pk, editor=ed)
    restrict_folder(folder_id=guides.pk, readers=[], admin=ada)
    with pytest.raises(NotFound):
        find_entry(entry.pk, ed)
    lift_restriction(folder_id=guides.pk, admin=ada, widens_to=3)
    assert find_entry(entry.pk, ed) == entry


def test_what_lay_in_a_folder_moved_into_a_restricted_one_is_found_by_admins_only(
    acme, guides, people, ed, ada
):
    entry = trash_document(document_row(folder=guides).pk, editor=ed)
    board = new_folder(acme, "Board", readers=[])
    move_folder(folder_id=guides.pk, target_id=board.pk, editor=ada)
    with pytest.raises(NotFound):
        find_entry(entry.pk, ed)
    assert find_entry(entry.pk, ada) == entry
