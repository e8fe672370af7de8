"""Nobody publishes or takes back what is not theirs to change: another tenant's, a closed folder's, without role."""

from collections.abc import Callable

import pytest

from media_core.documents.folders import Folder
from media_core.documents.models import Document
from media_core.documents.permissions import Editor, require_editor
from media_core.documents.publishing import publish, unpublish
from media_core.errors import PublishingRefused
from tenants.binding import bind_tenant
from tenants.errors import NotFound, RoleRequired
from tenants.models import Tenant
from tenants.people.models import Membership, Person
from tests.conftest import browser_at, member
from tests.walk import everything_of

pytestmark = pytest.mark.django_db
Flow = Callable[..., Document]
flows = pytest.mark.parametrize("flow", [publish, unpublish])


@pytest.fixture
def board(acme: Tenant, globex: Tenant, store: Callable[..., Document]) -> Document:
    """A document in a restricted folder that names nobody."""
    document = store(acme, name="minutes.pdf")
    with bind_tenant(acme):
        folder = Folder(name="Board", is_restricted=True, path=[], created_by_id=document.id)
        folder.path = [folder.pk]
        folder.save()
        Document.objects.filter(pk=document.pk).update(folder=folder)
    return document


def editor(people: dict[str, Person], name: str, tenant: Tenant) -> Editor:
    return require_editor(member(people[name], tenant))


@flows
def test_a_member_removed_meanwhile_changes_nothing(
    flow: Flow, acme: Tenant, store: Callable[..., Document], people: dict[str, Person]
) -> None:
    document, ed = store(acme), editor(people, "ed", acme)
    Membership.objects.filter(person=people["ed"], tenant=acme).delete()
    before = everything_of(acme)
    with bind_tenant(acme), pytest.raises(RoleRequired):
        flow(document.pk, editor=ed)
    assert everything_of(acme) == before


@flows
def test_what_lies_in_a_folder_that_an_editor_may_not_read_is_not_there_for_them(
    flow: Flow, board: Document, acme: Tenant, people: dict[str, Person]
) -> None:
    before = everything_of(acme)
    with bind_tenant(acme), pytest.raises(NotFound):
        flow(board.pk, editor=editor(people, "ed", acme))
    assert everything_of(acme) == before


def test_not_even_an_admin_publishes_out_of_a_restricted_folder(
    board: Document, acme: Tenant, people: dict[str, Person]
) -> None:
    before = everything_of(acme)
    with bind_tenant(acme), pytest.raises(PublishingRefused):
        publish(board.pk, editor=editor(people, "ada", acme))
    assert everything_of(acme) == before


@flows
def test_a_document_of_another_tenant_is_not_there(
    flow: Flow,
    acme: Tenant,
    globex: Tenant,
    store: Callable[..., Document],
    people: dict[str, Person],
) -> None:
    document, before = store(globex, visibility="public"), everything_of(acme)
    with bind_tenant(acme), pytest.raises(NotFound):
        flow(document.pk, editor=editor(people, "ada", acme))
    assert everything_of(acme) == before


def test_a_public_document_is_at_its_own_tenants_host_only(
    acme: Tenant, globex: Tenant, store: Callable[..., Document]
) -> None:
    document = store(acme, visibility="public")
    assert browser_at("acme.example").get(f"/d/{document.pk}/x").status_code == 302
    assert browser_at("globex.example").get(f"/d/{document.pk}/x").status_code == 404
