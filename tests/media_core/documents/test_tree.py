"""Folders: made, renamed, moved, removed. Rows only: no object is touched."""

from contextlib import suppress

import pytest

from media_core.audit.models import AuditEvent
from media_core.documents.folders import MAX_DEPTH, Folder
from media_core.documents.models import Document
from media_core.documents.moves import move_document, move_folder
from media_core.documents.tree import create_folder, rename_folder
from media_core.errors import FolderRefused
from tenants.binding import bind_tenant
from tenants.errors import NameRefused, NotFound
from tests.folders import new_folder
from tests.media_core.conftest import document_row
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db


def names(folder):
    """Return the names on the way to a folder, as its path says them."""
    found = {row.pk: row.name for row in Folder.objects.all()}
    return [found[pk] for pk in Folder.objects.get(pk=folder.pk).path]


def chain(length, editor):
    """Return the lowest of folders that stand one in the other."""
    lowest = create_folder(name="0", parent_id=None, editor=editor)
    for number in range(1, length):
        lowest = create_folder(name=str(number), parent_id=lowest.pk, editor=editor)
    return lowest


# --- making


def test_a_folder_stands_at_the_top_or_in_another(acme, globex, ed):
    with bind_tenant(acme):
        outer = create_folder(name=" Marketing ", parent_id=None, editor=ed)
        inner = create_folder(name="2026", parent_id=outer.pk, editor=ed)
        assert (outer.parent_id, inner.parent_id) == (None, outer.pk)
        assert (names(outer), names(inner)) == (["Marketing"], ["Marketing", "2026"])
        assert (inner.created_by_id, inner.created_by_name) == (ed.person_id, "Ed")
    with bind_tenant(globex):
        assert not Folder.objects.exists()


def test_a_folder_of_globex_is_no_place_for_acme(acme, globex, ed):
    foreign = new_folder(globex)
    with bind_tenant(acme), pytest.raises(NotFound):
        create_folder(name="inside", parent_id=foreign.pk, editor=ed)


@pytest.mark.parametrize(
    "name", ["", "  ", "a/b", "a\\b", "..", "\u202egpj", "x" * 121, "a\nb"], ids=ascii
)
def test_refuses_a_name_that_cannot_be_a_folders(name, acme, ed):
    folder = new_folder(acme)
    with bind_tenant(acme):
        with pytest.raises(NameRefused):
            create_folder(name=name, parent_id=None, editor=ed)
        with pytest.raises(NameRefused):
            rename_folder(folder_id=folder.pk, name=name, editor=ed)
        assert [row.name for row in Folder.objects.all()] == ["Contracts"]


def test_two_folders_side_by_side_have_different_names_case_aside(acme, ed):
    outer, other = new_folder(acme, "Outer"), new_folder(acme, "Other")
    with bind_tenant(acme):
        with pytest.raises(FolderRefused, match="“OUTER” in this place"):
            create_folder(name="OUTER", parent_id=None, editor=ed)
        with pytest.raises(FolderRefused, match="“outer”"):
            rename_folder(folder_id=other.pk, name="outer", editor=ed)
        assert create_folder(name="Outer", parent_id=outer.pk, editor=ed).name == "Outer"
        with pytest.raises(FolderRefused, match="another name"):
            move_folder(folder_id=Folder.objects.get(parent=outer).pk, target_id=None, editor=ed)
        assert Folder.objects.count() == 3


def test_folders_stand_twenty_deep_and_no_deeper(acme, ed):
    with bind_tenant(acme):
        lowest = chain(MAX_DEPTH, ed)
        with pytest.raises(FolderRefused, match="21 folders deep; 20 is the most"):
            create_folder(name="one more", parent_id=lowest.pk, editor=ed)


def test_a_folder_that_would_push_others_too_deep_is_not_moved(acme, ed):
    outer = new_folder(acme, "outer")
    new_folder(acme, "inner", within=outer)
    with bind_tenant(acme):
        lowest = chain(MAX_DEPTH - 1, ed)
        with pytest.raises(FolderRefused, match="up to 21 deep"):
            move_folder(folder_id=outer.pk, target_id=lowest.pk, editor=ed)
        assert names(outer) == ["outer"]


# --- moving


def test_everything_below_moves_along_and_no_object_does(acme, ed):
    a, target = new_folder(acme, "a"), new_folder(acme, "target")
    b = new_folder(acme, "b", within=a)
    c = new_folder(acme, "c", within=b)
    with bind_tenant(acme):
        document = document_row(folder=c)
        with bucket_requests() as requested:
            move_folder(folder_id=a.pk, target_id=target.pk, editor=ed)
            assert names(c) == ["target", "a", "b", "c"]
            move_folder(folder_id=b.pk, target_id=None, editor=ed)
            assert names(c) == ["b", "c"]
            move_document(document_id=document.pk, target_id=a.pk, editor=ed)
        assert requested == []
        assert (names(a), names(b), names(target)) == (["target", "a"], ["b"], ["target"])
        assert Document.objects.get().folder_id == a.pk


def test_every_path_says_what_the_parents_say(acme, ed):
    made = [new_folder(acme, str(number)) for number in range(4)]
    with bind_tenant(acme):
        for inner, outer in ((1, 0), (2, 1), (3, 2), (1, 3), (2, None), (1, 2)):
            target_id = None if outer is None else made[outer].pk
            with suppress(FolderRefused):
                move_folder(folder_id=made[inner].pk, target_id=target_id, editor=ed)
            for folder in Folder.objects.select_related("parent"):
                above = folder.parent.path if folder.parent else []
                assert folder.path == [*above, folder.pk]


def test_a_folder_moves_neither_into_itself_nor_below(acme, ed):
    outer = new_folder(acme, "outer")
    inner = new_folder(acme, "inner", within=outer)
    with bind_tenant(acme):
        for target in (outer, inner):
            with pytest.raises(FolderRefused, match="cannot stand in itself"):
                move_folder(folder_id=outer.pk, target_id=target.pk, editor=ed)
        assert names(inner) == ["outer", "inner"]


def test_what_is_there_already_is_not_moved(acme, ed):
    folder = new_folder(acme)
    with bind_tenant(acme):
        document = document_row(folder=folder)
        with pytest.raises(FolderRefused, match="there already"):
            move_folder(folder_id=folder.pk, target_id=None, editor=ed)
        with pytest.raises(FolderRefused, match="there already"):
            move_document(document_id=document.pk, target_id=folder.pk, editor=ed)


def test_moving_costs_the_same_whatever_is_below(acme, ed, django_assert_num_queries):
    target = new_folder(acme, "target")
    for below in (0, 12):
        folder = new_folder(acme, f"with {below}")
        for number in range(below):
            new_folder(acme, str(number), within=folder)
        with bind_tenant(acme), django_assert_num_queries(16):
            move_folder(folder_id=folder.pk, target_id=target.pk, editor=ed)


# --- renaming


def test_a_renamed_folder_keeps_what_is_in_it(acme, ed):
    folder = new_folder(acme, "Contarcts")
    with bind_tenant(acme):
        document_row(folder=folder)
        rename_folder(folder_id=folder.pk, name="contarcts", editor=ed)
        rename_folder(folder_id=folder.pk, name="Verträge", editor=ed)
        assert Document.objects.get().folder.name == "Verträge"


# --- history


def test_each_change_is_written_down_with_who_and_what(acme, globex, ed):
    with bind_tenant(acme):
        folder = create_folder(name="Draft", parent_id=None, editor=ed)
        rename_folder(folder_id=folder.pk, name="Final", editor=ed)
        target = create_folder(name="Marketing", parent_id=None, editor=ed)
        move_folder(folder_id=folder.pk, target_id=target.pk, editor=ed)
        assert [(str(event), event.detail) for event in AuditEvent.objects.order_by("at")] == [
            ("Ed made the folder Draft", ""),
            ("Ed renamed the folder Final", "Draft"),
            ("Ed made the folder Marketing", ""),
            ("Ed moved the folder Final", "to “Marketing”"),
        ]
    with bind_tenant(globex):
        assert not AuditEvent.objects.exists()


def test_what_is_refused_leaves_no_trace(acme, ed):
    new_folder(acme, "Taken")
    with bind_tenant(acme):
        before = AuditEvent.objects.count()
        with pytest.raises(FolderRefused):
            create_folder(name="taken", parent_id=None, editor=ed)
        assert (Folder.objects.count(), AuditEvent.objects.count()) == (1, before)
