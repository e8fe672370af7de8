"""A restricted folder: who reads it, what may not happen in it, and who agrees when more people are let in."""

import pytest
from django.core.files.base import ContentFile

from media_core.audit.models import AuditEvent
from media_core.documents.folders import Folder, FolderReader
from media_core.documents.models import Document
from media_core.documents.moves import move_document, move_folder, reading
from media_core.documents.permissions import required_admin
from media_core.documents.restriction import choices_for, lift_restriction, restrict_folder
from media_core.documents.tree import create_folder, rename_folder
from media_core.errors import FolderRefused, PublishingRefused, WideningNotConfirmed
from media_core.storages.models import StoredObject
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.errors import NotFound, RoleRequired
from tenants.people.members import add_member, remove_member, set_role
from tenants.people.models import Person, Role
from tests.conftest import member
from tests.folders import admin_of, editor_at, new_folder
from tests.media_core.conftest import document_row

pytestmark = pytest.mark.django_db
# Who may read something of acme's, beside nobody at all.
EVERYBODY = {"Ada", "Ed", "Vic", "Max"}


@pytest.fixture
def ada(acme):
    return admin_of(acme)


@pytest.fixture
def ed(acme, people):
    return editor_at(acme, people["ed"])


def read_by(tenant, people, folder):
    """Return the names of those in whose lists the folder stands with its document, and who are counted as readers."""
    with bind_tenant(tenant):
        document = Document.objects.filter(folder=folder).first() or document_row(folder=folder)
        listed = set()
        for person in people.values():
            if not person.memberships.filter(tenant=tenant).exists():
                continue
            who = member(person, tenant)
            sees = Folder.objects.readable_by(who).filter(pk=folder.pk).exists()
            assert sees == Document.objects.readable_by(who).filter(pk=document.pk).exists()
            listed |= {person.name} if sees else set()
        counted = reading(Folder.objects.get(pk=folder.pk).path)
        assert {str(Person.objects.get(pk=pk)) for pk in counted} == listed
    return listed


# --- who reads it


def test_a_folder_is_for_all_members_until_it_is_restricted(acme, globex, people):
    assert read_by(acme, people, new_folder(acme)) == EVERYBODY


def test_only_named_members_read_it_be_they_editor_or_viewer_and_the_admins(acme, people):
    folder = new_folder(acme, readers=[people["vic"]])
    assert read_by(acme, people, folder) == {"Ada", "Vic"}
    assert read_by(acme, people, new_folder(acme, "2", readers=[])) == {"Ada"}


def test_restriction_is_inherited_by_everything_below(acme, people):
    middle = new_folder(acme, within=new_folder(acme, readers=[people["ed"]]))
    assert read_by(acme, people, new_folder(acme, within=middle)) == {"Ada", "Ed"}


def test_a_restriction_below_narrows(acme, people):
    outer = new_folder(acme, readers=[people["ed"], people["vic"]])
    assert read_by(acme, people, new_folder(acme, within=outer, readers=[people["vic"]])) == {
        "Ada",
        "Vic",
    }
    assert read_by(acme, people, outer) == {"Ada", "Ed", "Vic"}


def test_a_name_below_lets_in_nobody_who_is_kept_out_above(acme, people):
    outer = new_folder(acme, readers=[people["ed"]])
    inner = new_folder(acme, within=outer, readers=[people["vic"], people["max"]])
    assert read_by(acme, people, inner) == {"Ada"}


def test_a_restriction_at_acme_says_nothing_about_globex(acme, globex, people):
    new_folder(acme, readers=[people["max"]])
    theirs = new_folder(globex, readers=[])
    assert read_by(globex, people, theirs) == {"Eve"}


def test_who_left_and_came_back_is_not_named_any_more(acme, people, ada):
    folder = new_folder(acme, readers=[people["ed"]])
    remove_member(acme, "ed@acme.example")
    assert read_by(acme, people, folder) == {"Ada"}
    add_member(tenant=acme, email="ed@acme.example", role=Role.EDITOR)
    assert read_by(acme, people, folder) == {"Ada"}
    with bind_tenant(acme):
        (choice,) = [row for row in choices_for(folder) if row.member.person.name == "Ed"]
        assert not choice.is_named
        restrict_folder(folder_id=folder.pk, readers=[people["ed"].pk], admin=ada, widens_to=1)
    assert read_by(acme, people, folder) == {"Ada", "Ed"}


def test_a_changed_role_counts_at_once(acme, people):
    folder = new_folder(acme, readers=[people["ed"]])
    set_role(acme, people["ed"], Role.VIEWER)
    set_role(acme, people["vic"], Role.ADMIN)
    assert read_by(acme, people, folder) == {"Ada", "Ed", "Vic"}
    set_role(acme, people["vic"], Role.EDITOR)
    assert read_by(acme, people, folder) == {"Ada", "Ed"}


def test_a_deactivated_person_is_not_counted(acme, people):
    Person.objects.filter(pk=people["vic"].pk).update(is_active=False)
    with bind_tenant(acme):
        assert people["vic"].pk not in reading([])


@pytest.mark.parametrize("who", ["ed", "vic"])
def test_only_admins_restrict(who, acme, people):
    with pytest.raises(RoleRequired):
        required_admin(member(people[who], acme))


@pytest.mark.parametrize("who", ["eve", "ada", "olga"], ids=["a stranger", "an admin", "staff"])
def test_only_members_who_are_no_admins_are_named(who, acme, globex, people, ada):
    folder = new_folder(acme)
    with bind_tenant(acme):
        with pytest.raises(FolderRefused, match="is no member any more, or is an admin"):
            restrict_folder(folder_id=folder.pk, readers=[people[who].pk], admin=ada)
        assert not Folder.objects.get().is_restricted


def test_the_list_of_names_says_what_holds_already(acme, people, ada):
    outer = new_folder(acme, readers=[people["ed"]])
    inner = new_folder(acme, within=outer, readers=[people["ed"]])
    with bind_tenant(acme):
        said = {
            row.member.person.name: (row.always_reads, row.is_named, row.is_kept_out)
            for row in choices_for(inner)
        }
    assert said == {
        "Ada": (True, True, False),
        "Ed": (False, True, False),
        "Max": (False, False, True),
        "Vic": (False, False, True),
    }


# --- nothing in it is public


def test_a_folder_that_holds_public_documents_is_not_restricted(acme, ada):
    folder = new_folder(acme)
    inner = new_folder(acme, within=folder)
    with bind_tenant(acme):
        document_row(folder=inner, visibility="public")
        document_row(folder=folder, visibility="public")
        document_row(folder=folder)
        with pytest.raises(FolderRefused, match=r"2 public document\(s\): take them back first"):
            restrict_folder(folder_id=folder.pk, readers=[], admin=ada)
        assert not Folder.objects.filter(is_restricted=True).exists()


def test_a_public_document_moves_into_no_restricted_folder(acme, people, ed):
    outer = new_folder(acme, readers=[people["ed"]])
    inner = new_folder(acme, within=outer)
    with bind_tenant(acme):
        document = document_row(visibility="public")
        for target in (outer, inner):
            with pytest.raises(FolderRefused, match="is public: take it back first"):
                move_document(document_id=document.pk, target_id=target.pk, editor=ed)
        assert Document.objects.get().folder is None


def test_a_folder_with_public_documents_moves_into_no_restricted_folder(acme, people, ed):
    closed, folder = new_folder(acme, readers=[people["ed"]]), new_folder(acme, "with public ones")
    inner = new_folder(acme, within=folder)
    with bind_tenant(acme):
        document_row(folder=inner, visibility="public")
        with pytest.raises(FolderRefused, match=r"holds 1 public document\(s\)"):
            move_folder(folder_id=folder.pk, target_id=closed.pk, editor=ed)


def test_nothing_is_uploaded_as_public_into_a_restricted_folder(acme, people, ed):
    inner = new_folder(acme, within=new_folder(acme, readers=[people["ed"]]))
    with bind_tenant(acme):
        with pytest.raises(PublishingRefused):
            store_upload(
                uploader=ed, file=ContentFile(b"x", name="x.txt"), folder=inner, visibility="public"
            )
        assert not Document.objects.exists()


def test_an_upload_for_a_folder_that_was_closed_meanwhile_stores_nothing(acme, ed, ada):
    folder = new_folder(acme)
    with bind_tenant(acme):
        restrict_folder(folder_id=folder.pk, readers=[], admin=ada)
        with pytest.raises(NotFound):
            store_upload(uploader=ed, file=ContentFile(b"x", name="x.txt"), folder=folder)
        assert not Document.objects.exists()
        assert not StoredObject.objects.stored().exists()


# --- letting more people in


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


# --- nothing tells that it is there


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
