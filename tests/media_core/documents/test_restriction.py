"""A restricted folder: who reads it, what may not happen in it, and who agrees when more people are let in."""

import pytest
from django.core.files.base import ContentFile

from media_core.documents.folders import Folder
from media_core.documents.models import Document
from media_core.documents.moves import find_reader_ids, move_document, move_folder
from media_core.documents.permissions import require_admin
from media_core.documents.restriction import list_choices, restrict_folder
from media_core.errors import FolderRefused, PublishingRefused
from media_core.ledger.models import StoredObject
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.errors import NotFound, RoleRequired
from tenants.people.members import add_member, remove_member, set_role
from tenants.people.models import Person, Role
from tests.conftest import member
from tests.folders import new_folder, read_by
from tests.media_core.conftest import document_row

pytestmark = pytest.mark.django_db
# Who may read something of acme's, beside nobody at all.
EVERYBODY = {"Ada", "Ed", "Vic", "Max"}


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
        (choice,) = [row for row in list_choices(folder) if row.member.person.name == "Ed"]
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
        assert people["vic"].pk not in find_reader_ids([])


@pytest.mark.parametrize("who", ["ed", "vic"])
def test_only_admins_restrict(who, acme, people):
    with pytest.raises(RoleRequired):
        require_admin(member(people[who], acme))


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
            for row in list_choices(inner)
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
        with pytest.raises(FolderRefused, match=r"2 public documents. Unpublish them first"):
            restrict_folder(folder_id=folder.pk, readers=[], admin=ada)
        assert not Folder.objects.filter(is_restricted=True).exists()


def test_a_public_document_moves_into_no_restricted_folder(acme, people, ed):
    outer = new_folder(acme, readers=[people["ed"]])
    inner = new_folder(acme, within=outer)
    with bind_tenant(acme):
        document = document_row(visibility="public")
        for target in (outer, inner):
            with pytest.raises(FolderRefused, match="is public: unpublish it first"):
                move_document(document_id=document.pk, target_id=target.pk, editor=ed)
        assert Document.objects.get().folder is None


def test_a_folder_with_public_documents_moves_into_no_restricted_folder(acme, people, ed):
    closed, folder = new_folder(acme, readers=[people["ed"]]), new_folder(acme, "with public ones")
    inner = new_folder(acme, within=folder)
    with bind_tenant(acme):
        document_row(folder=inner, visibility="public")
        with pytest.raises(FolderRefused, match=r"holds 1 public document\. Unpublish it"):
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
