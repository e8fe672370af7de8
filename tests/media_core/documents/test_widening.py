"""Whatever lets more people read says how many, and wants this very number."""

import pytest

from media_core.audit.models import AuditEvent
from media_core.documents.folders import FolderReader
from media_core.documents.moves import move_document, move_folder
from media_core.documents.restriction import lift_restriction, restrict_folder
from media_core.errors import FolderRefused, WideningNotConfirmed
from tenants.binding import bind_tenant
from tenants.people.members import add_member
from tenants.people.models import Role
from tests.folders import new_folder, read_by
from tests.media_core.conftest import document_row

pytestmark = pytest.mark.django_db
# Who may read something of acme's, beside nobody at all.
EVERYBODY = {"Ada", "Ed", "Vic", "Max"}


def refused_at(count, flow, **given):
    """Assert that a flow asks for this number: without one, with another, and that it then takes the right one."""
    for wrong in (None, count + 1, 0):
        with pytest.raises(WideningNotConfirmed) as asked:
            flow(**given, widens_to=wrong)
        assert asked.value.count == count
    return flow(**given, widens_to=count)


def test_a_document_that_leaves_a_restricted_folder_asks_how_many_may_read_it_then(
    acme, people, ed
):
    closed, wider = new_folder(acme, readers=[people["ed"]]), None
    wider = new_folder(acme, "wider", readers=[people["ed"], people["vic"]])
    with bind_tenant(acme):
        document = document_row(folder=closed)
        refused_at(1, move_document, document_id=document.pk, target_id=wider.pk, editor=ed)
        # Who reads now: Ada, Ed, Vic. At the top: Max as well.
        refused_at(1, move_document, document_id=document.pk, target_id=None, editor=ed)
        moved = AuditEvent.objects.filter(action="moved the document")
        assert [event.detail for event in moved.order_by("at")] == [
            "to “wider”; 1 more people may read it",
            "to the top; 1 more people may read it",
        ]


def test_a_folder_that_leaves_a_restricted_one_asks_as_well(acme, people, ed):
    closed = new_folder(acme, readers=[people["ed"]])
    inner = new_folder(acme, "inner", within=closed)
    with bind_tenant(acme):
        refused_at(2, move_folder, folder_id=inner.pk, target_id=None, editor=ed)
    assert read_by(acme, people, inner) == EVERYBODY


def test_a_restricted_folder_that_moves_takes_its_own_names_along(acme, people, ed):
    closed = new_folder(acme, readers=[people["ed"], people["vic"]])
    inner = new_folder(acme, "inner", within=closed, readers=[people["ed"], people["max"]])
    with bind_tenant(acme):
        refused_at(1, move_folder, folder_id=inner.pk, target_id=None, editor=ed)
    assert read_by(acme, people, inner) == {"Ada", "Ed", "Max"}


def test_a_move_that_narrows_asks_nothing(acme, people, ed):
    closed, open_one = new_folder(acme, readers=[people["ed"]]), new_folder(acme, "open")
    with bind_tenant(acme):
        document = document_row()
        move_document(document_id=document.pk, target_id=closed.pk, editor=ed)
        move_folder(folder_id=open_one.pk, target_id=closed.pk, editor=ed)
    assert read_by(acme, people, open_one) == {"Ada", "Ed"}


def test_exchanging_readers_asks_about_those_who_are_new(acme, people, ed):
    here, there = (
        new_folder(acme, readers=[people[name], people["ed"]]) for name in ("vic", "max")
    )
    with bind_tenant(acme):
        document = document_row(folder=here)
        refused_at(1, move_document, document_id=document.pk, target_id=there.pk, editor=ed)


def test_a_number_that_is_no_longer_right_is_asked_for_again(acme, globex, people, ed):
    closed = new_folder(acme, readers=[people["ed"]])
    with bind_tenant(acme):
        document = document_row(folder=closed)
        add_member(tenant=acme, email="new@acme.example", role=Role.VIEWER)
        with pytest.raises(WideningNotConfirmed) as asked:
            move_document(document_id=document.pk, target_id=None, editor=ed, widens_to=2)
    assert asked.value.count == 3


def test_more_names_on_the_list_ask_and_fewer_do_not(acme, people, ada):
    folder = new_folder(acme, readers=[people["ed"]])
    both = [people["ed"].pk, people["vic"].pk]
    with bind_tenant(acme):
        refused_at(1, restrict_folder, folder_id=folder.pk, readers=both, admin=ada)
        restrict_folder(folder_id=folder.pk, readers=[people["vic"].pk], admin=ada)
        assert FolderReader.objects.get().person_name == "Vic"


def test_lifting_asks_and_then_everybody_reads_who_reads_the_place(acme, people, ada):
    outer = new_folder(acme, readers=[people["ed"], people["vic"]])
    inner = new_folder(acme, within=outer, readers=[])
    with bind_tenant(acme):
        refused_at(2, lift_restriction, folder_id=inner.pk, admin=ada)
        assert FolderReader.objects.filter(folder=inner).count() == 0
    assert read_by(acme, people, inner) == {"Ada", "Ed", "Vic"}
    with bind_tenant(acme):
        refused_at(1, lift_restriction, folder_id=outer.pk, admin=ada)
        with pytest.raises(FolderRefused, match="is not restricted"):
            lift_restriction(folder_id=outer.pk, admin=ada)
    assert read_by(acme, people, inner) == EVERYBODY
