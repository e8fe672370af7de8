"""No refusal and no number tells of a folder that one may not read."""

import pytest

from media_core.documents.folders import Folder
from media_core.documents.moves import move_document, move_folder
from media_core.documents.restriction import lift_restriction
from media_core.documents.tree import create_folder, rename_folder
from media_core.errors import FolderRefused, WideningNotConfirmed
from tenants.binding import bind_tenant
from tenants.errors import NotFound
from tests.folders import new_folder
from tests.media_core.conftest import document_row

pytestmark = pytest.mark.django_db


def test_a_name_that_a_hidden_folder_has_is_free(acme, people, ed):
    new_folder(acme, "Contracts", readers=[])
    with bind_tenant(acme):
        folder = create_folder(name="Contracts", parent_id=None, editor=ed)
        other = create_folder(name="Other", parent_id=None, editor=ed)
        rename_folder(folder_id=folder.pk, name="Again", editor=ed)
        rename_folder(folder_id=other.pk, name="contracts", editor=ed)


def test_a_restriction_is_not_lifted_while_the_name_is_taken(acme, ada):
    hidden = new_folder(acme, "Contracts", readers=[])
    taken = new_folder(acme, "contracts")
    with bind_tenant(acme):
        with pytest.raises(FolderRefused, match="in this place already: give one of them another"):
            lift_restriction(folder_id=hidden.pk, admin=ada, widens_to=3)
        assert Folder.objects.get(pk=hidden.pk).is_restricted
        rename_folder(folder_id=taken.pk, name="Old contracts", editor=ada)
        lift_restriction(folder_id=hidden.pk, admin=ada, widens_to=3)


def test_hidden_folders_below_refuse_no_move(acme, people, ed):
    folder = new_folder(acme)
    hidden = new_folder(acme, within=folder, readers=[])
    for number in range(17):
        hidden = new_folder(acme, str(number), within=hidden)
    outer = new_folder(acme, "outer")
    for number in range(4):
        outer = new_folder(acme, f"outer {number}", within=outer)
    with bind_tenant(acme):
        move_folder(folder_id=folder.pk, target_id=outer.pk, editor=ed)
        deepest = Folder.objects.get(pk=hidden.pk)
        assert len(deepest.path) == 24


def test_whom_a_hidden_folder_names_is_not_in_the_number_of_a_move(acme, people, ed):
    closed = new_folder(acme, readers=[people["ed"]])
    folder = new_folder(acme, within=closed)
    new_folder(acme, within=folder, readers=[people["max"]])
    with bind_tenant(acme), pytest.raises(WideningNotConfirmed) as asked:
        move_folder(folder_id=folder.pk, target_id=None, editor=ed)
    assert asked.value.count == 2


@pytest.mark.parametrize("hidden", [True, False])
def test_what_is_not_readable_is_no_parent_no_target_and_nothing_to_change(
    hidden, acme, globex, people, ed
):
    readable = new_folder(acme, "readable")
    there = new_folder(acme, readers=[]) if hidden else new_folder(globex)
    with bind_tenant(acme):
        document = document_row(folder=there if hidden else None)
        given = {"editor": ed}
        attempts = [
            lambda: create_folder(name="x", parent_id=there.pk, **given),
            lambda: rename_folder(folder_id=there.pk, name="x", **given),
            lambda: move_folder(folder_id=there.pk, target_id=None, **given),
            lambda: move_folder(folder_id=readable.pk, target_id=there.pk, **given),
            lambda: move_document(document_id=document.pk, target_id=there.pk, **given),
        ]
        for attempt in attempts:
            with pytest.raises(NotFound) as refusal:
                attempt()
            assert str(refusal.value) == "There is nothing here."
