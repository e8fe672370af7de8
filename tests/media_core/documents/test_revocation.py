"""What somebody may no longer do, they cannot from the very next request on: nothing is remembered between two."""

from datetime import timedelta

import pytest
from django.utils import timezone

from media_core.documents.folders import Folder
from media_core.documents.models import AccessEvent, Document
from tenants.binding import bind_tenant
from tenants.domains import host_cache
from tenants.models import Tenant
from tenants.people.models import AgencyRole, Membership, Person, Session
from tenants.people.visit_models import Visit
from tests.conftest import browser_at, new_session
from tests.folders import new_folder
from tests.media_core.conftest import document_row, stored_row
from tests.visiting import visiting

pytestmark = pytest.mark.django_db


def opened(browser, document) -> int:
    return int(browser.get(f"/d/{document.id}/x").status_code)


def restrict(document) -> None:
    Folder.objects.filter(pk=document.folder_id).update(is_restricted=True)


# Each changes one row, behind the gateway's back, as another process would.
MEMBERS = {
    "the membership is removed": lambda acme, vic, _: Membership.objects.filter(
        tenant=acme, person=vic
    ).delete(),
    "the session is deleted": lambda acme, vic, _: Session.objects.filter(person=vic).delete(),
    "the session expires": lambda acme, vic, _: Session.objects.update(
        expire_date=timezone.now() - timedelta(seconds=1)
    ),
    "the session becomes another host's": lambda acme, vic, _: Session.objects.update(tenant=None),
    "the password changes": lambda acme, vic, _: Person.objects.filter(pk=vic.pk).update(
        password="!"
    ),
    "the person is deactivated": lambda acme, vic, _: Person.objects.filter(pk=vic.pk).update(
        is_active=False
    ),
    "the tenant is suspended": lambda acme, vic, _: Tenant.objects.filter(pk=acme.pk).update(
        status="suspended"
    ),
    "the folder is restricted": lambda acme, vic, document: restrict(document),
    "the document moves into a restricted folder": lambda acme, vic, document: (
        Document.objects.filter(pk=document.pk).update(folder=new_folder(acme, "x", readers=[]))
    ),
    "the object leaves": lambda acme, vic, document: document.original.condemn(),
}


@pytest.mark.parametrize("change", MEMBERS.values(), ids=MEMBERS)
def test_from_the_next_request_on_a_member_gets_nothing_when(change, acme, people):
    with bind_tenant(acme):
        document = document_row(folder=new_folder(acme))
    browser = browser_at("acme.example", new_session(people["vic"], acme))
    assert opened(browser, document) == 302
    known = len(host_cache)
    with bind_tenant(acme):
        change(acme, people["vic"], document)
        written = AccessEvent.objects.count()
    assert (known, len(host_cache)) == (1, 1), (
        "The host has to be remembered, or it proves too little."
    )
    assert opened(browser, document) == 404
    with bind_tenant(acme):
        assert AccessEvent.objects.count() == written == 1


def test_from_the_next_request_on_a_smaller_role_counts(acme, people):
    with bind_tenant(acme):
        document = document_row(folder=new_folder(acme, readers=[]))
    browser = browser_at("acme.example", new_session(people["ada"], acme))
    assert opened(browser, document) == 302
    Membership.objects.filter(tenant=acme, person=people["ada"]).update(role="editor")
    assert opened(browser, document) == 404
    Membership.objects.filter(tenant=acme, person=people["ada"]).update(role="admin")
    assert opened(browser, document) == 302


VISITORS = {
    "the visit is ended": lambda: Visit.objects.update(left_at=timezone.now()),
    "the visit's time is over": lambda: Visit.objects.update(
        ends_at=timezone.now() - timedelta(seconds=1)
    ),
    "consent is taken back": lambda: Visit.objects.update(consent="refused"),
    "the operator is none any more": AgencyRole.objects.all().delete,
}


@pytest.mark.parametrize("change", VISITORS.values(), ids=VISITORS)
def test_from_the_next_request_on_a_visitor_gets_nothing_when(change, acme, people):
    with bind_tenant(acme):
        document = document_row()
    browser = visiting(people["otto"], acme)
    assert opened(browser, document) == 302
    change()
    assert opened(browser, document) == 404


STRANGERS = {
    "it is unpublished": {"visibility": "private", "public_copy": None},
    "it is taken down": {"public_copy": None, "shows_original": False},
}


@pytest.mark.parametrize("mode", ["acl", "gateway"])
@pytest.mark.parametrize("change", STRANGERS.values(), ids=STRANGERS)
@pytest.mark.parametrize("shows_original", [False, True])
def test_from_the_next_request_on_a_stranger_gets_nothing_when(
    shows_original, change, mode, acme, settings
):
    settings.PUBLIC_MEDIA_MODE = mode
    with bind_tenant(acme):
        stored = stored_row(area="media", name="media/1/x.pdf")
        copy = None if shows_original else stored
        document = document_row(
            visibility="public", original=stored, public_copy=copy, shows_original=shows_original
        )
    browser = browser_at("acme.example")
    assert opened(browser, document) == 302
    with bind_tenant(acme):
        Document.objects.filter(pk=document.pk).update(**change)
    assert opened(browser, document) == 404
