"""What comes back from the trash: to its place or the nearest one, private, with the readers that it had."""

import pytest

from media_core.audit.models import AuditEvent
from media_core.documents.folders import Folder
from media_core.documents.models import Document
from media_core.documents.moves import move_document, move_folder
from media_core.documents.publishing import publish
from media_core.documents.trash import (
    count_entry_contents,
    plan_restore,
    restore_entry,
    trash_document,
    trash_folder,
)
from media_core.documents.tree import create_folder
from media_core.errors import WideningNotConfirmed
from tenants import quotas
from tests.folders import new_folder, read_by
from tests.media_core.conftest import document_row
from tests.media_core.documents.conftest import again
from tests.trash import fill_folder, list_names

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


def test_it_comes_back_with_the_readers_that_it_had(acme, people, guides, ada):
    board = new_folder(acme, "Board", within=guides, readers=[people["ed"]])
    before = read_by(acme, people, board)
    entry = trash_folder(guides.pk, editor=ada)
    restored = restore_entry(entry.pk, editor=ada)
    assert restored == guides
    assert read_by(acme, people, board) == before
    assert before == {"Ada", "Ed"}


@pytest.mark.bucket
def test_its_documents_come_back_private_and_can_be_published_again(guides, public, ed):
    move_document(document_id=public.pk, target_id=guides.pk, editor=ed)
    used = quotas.read_quota().used_bytes
    entry = trash_folder(guides.pk, editor=ed)
    restore_entry(entry.pk, editor=ed)
    assert (again(public).visibility, again(public).folder) == ("private", guides)
    assert publish(public.pk, editor=ed).public_copy
    assert quotas.read_quota().used_bytes == used


def test_what_was_trashed_alone_before_stays_in_the_trash(guides, audio, ed):
    document = document_row("alone", folder=guides)
    alone = [trash_document(document.pk, editor=ed), trash_folder(audio.pk, editor=ed)]
    entry = trash_folder(guides.pk, editor=ed)
    assert count_entry_contents([entry], ed)[entry.pk][:2] == (0, 0)
    restore_entry(entry.pk, editor=ed)
    assert list_names(ed) == ({"Guides"}, set())
    for each in alone:
        restore_entry(each.pk, editor=ed)
    assert list_names(ed) == ({"Guides", "Audio"}, {"alone"})
    assert Document.objects.get().folder == guides


def test_what_lay_in_a_folder_in_the_trash_goes_to_the_nearest_that_is_not(acme, guides, audio, ed):
    document = document_row(folder=audio)
    inner = new_folder(acme, "Inner", within=audio)
    entries = [trash_document(document.pk, editor=ed), trash_folder(inner.pk, editor=ed)]
    trash_folder(audio.pk, editor=ed)
    for entry in entries:
        with pytest.raises(WideningNotConfirmed) as asked:
            restore_entry(entry.pk, editor=ed)
        restore_entry(entry.pk, editor=ed, readers=asked.value.count)
    assert again(document).folder == guides
    assert Folder.objects.get(pk=inner.pk).path == [guides.pk, inner.pk]
    assert Folder.objects.get(pk=inner.pk).parent == guides


def test_a_moved_folder_takes_its_place_in_the_trash_along(acme, guides, audio, ed):
    entry = trash_folder(audio.pk, editor=ed)
    target = new_folder(acme, "Target")
    move_folder(folder_id=guides.pk, target_id=target.pk, editor=ed)
    restore_entry(entry.pk, editor=ed)
    assert Folder.objects.get(pk=audio.pk).path == [target.pk, guides.pk, audio.pk]


def test_beside_a_folder_of_its_name_it_gets_a_number(acme, guides, ed):
    first = trash_folder(guides.pk, editor=ed)
    create_folder(name="guides", parent_id=None, editor=ed)
    create_folder(name="GUIDES (2)", parent_id=None, editor=ed)
    assert restore_entry(first.pk, editor=ed).pk == guides.pk
    assert list_names(ed)[0] == {"guides", "GUIDES (2)", "Guides (3)"}


def test_a_long_name_with_a_number_is_not_too_long(acme, ed):
    long = new_folder(acme, "x" * 120)
    entry = trash_folder(long.pk, editor=ed)
    new_folder(acme, "x" * 120)
    assert plan_restore(entry).name == "x" * 116 + " (2)"


def test_a_hidden_folder_of_its_name_changes_nothing(acme, guides, ed):
    entry = trash_folder(guides.pk, editor=ed)
    new_folder(acme, "Guides", readers=[])
    assert plan_restore(entry).name == "Guides"


def test_a_restricted_folder_keeps_its_name(acme, ada):
    board = new_folder(acme, "Board", readers=[])
    entry = trash_folder(board.pk, editor=ada)
    new_folder(acme, "Board")
    assert plan_restore(entry).name == "Board"


def test_it_is_written_down_with_how_much_it_was(acme, guides, ed):
    fill_folder(acme, guides, documents=3, public=1)
    restore_entry(trash_folder(guides.pk, editor=ed).pk, editor=ed)
    assert [(str(e), e.detail) for e in AuditEvent.objects.order_by("at")][-2:] == [
        (
            "Ed moved the folder to the trash Guides",
            "with 3 documents, 1 of them public",
        ),
        ("Ed restored from the trash Guides", ""),
    ]
