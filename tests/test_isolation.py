"""One tenant never sees another's: every route, every method, by everybody who has no business there."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from media_core.bucket.models import Attestation, BucketReport
from media_core.documents.folders import Folder
from media_core.documents.models import Document, TrashEntry
from media_core.documents.permissions import require_editor
from media_core.ledger.models import StoredObject
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.errors import RoleRequired
from tenants.jobs.models import Operation
from tenants.models import Tenant
from tenants.people.members import set_role
from tenants.people.models import Membership, Person, Role, Session
from tests.conftest import PASSWORD, browser_at, member, new_session
from tests.folders import new_folder
from tests.mailing import send_mail_of
from tests.visiting import asked_visit
from tests.walk import (
    ANYTHING,
    OPEN_ROUTES,
    asked,
    body_for,
    everything_of,
    is_closed,
    requests_for,
    routes,
    seen,
    values,
    written,
)

pytestmark = pytest.mark.django_db

TENANT_ROUTES = routes("gateway.urls_tenant")
AGENCY_ROUTES = routes("gateway.urls_agency")
CONTENT = b"what only acme may read"
Askers = dict[str, Callable[[], Client]]


@pytest.fixture
def twins(acme: Tenant, globex: Tenant, store: Callable[..., Document]) -> Document:
    """Both tenants hold a private document, and its object, with the same primary keys."""
    folder = new_folder(acme, "acme-secret-folder")
    document = store(
        acme, CONTENT, name="acme-secret.pdf", title="acme-secret-title", folder=folder
    )
    with bind_tenant(globex):
        Folder.objects.create(
            id=folder.id, name="globex", path=[folder.id], created_by_id=uuid.uuid4(), created_by_name="Eve"
        )  # fmt: skip
        stored = StoredObject.objects.create(
            id=document.original_id, name="private/x/globex.pdf", area="private", kind="original", size_bytes=1,
            content_type="application/pdf", sha256="0" * 64, state="stored", stored_at=document.created_at,
        )  # fmt: skip
        Document.objects.create(
            id=document.id, title="globex-title", name="globex.pdf", original=stored, folder_id=folder.id,
            created_by_id=uuid.uuid4(), created_by_name="Eve",
        )  # fmt: skip
    return document


@pytest.fixture
def askers(acme: Tenant, globex: Tenant, people: dict[str, Person]) -> Askers:
    """Everybody who has no business on acme's host, with the most they could bring along."""

    def removed_member() -> Client:
        key = new_session(people["vic"], acme)
        Membership.objects.filter(person=people["vic"], tenant=acme).delete()
        return browser_at("acme.example", key)

    def deactivated_member() -> Client:
        key = new_session(people["ed"], acme)
        Person.objects.filter(pk=people["ed"].pk).update(is_active=False)
        return browser_at("acme.example", key)

    def with_changed_password() -> Client:
        key = new_session(people["ada"], acme)
        Person.objects.filter(pk=people["ada"].pk).update(password="!changed")
        return browser_at("acme.example", key)

    def with_an_expired_session() -> Client:
        key = new_session(people["ada"], acme)
        Session.objects.filter(session_key=key).update(expire_date=timezone.now())
        return browser_at("acme.example", key)

    return {
        "eve, with a session she should not have": lambda: browser_at(
            "acme.example", new_session(people["eve"], acme)
        ),
        "eve, with her globex session": lambda: browser_at(
            "acme.example", new_session(people["eve"], globex)
        ),
        "max, a member of both, with his globex session": lambda: browser_at(
            "acme.example", new_session(people["max"], globex)
        ),
        "olga, with her agency session": lambda: browser_at(
            "acme.example", new_session(people["olga"], None)
        ),
        "a removed member": removed_member,
        "a deactivated member": deactivated_member,
        "a session from before the password changed": with_changed_password,
        "a session that has expired": with_an_expired_session,
        "a stranger": lambda: browser_at("acme.example"),
    }


WHO = (
    "eve, with a session she should not have",
    "eve, with her globex session",
    "max, a member of both, with his globex session",
    "olga, with her agency session",
    "a removed member",
    "a deactivated member",
    "a session from before the password changed",
    "a session that has expired",
    "a stranger",
)


@pytest.fixture
def trashed(acme: Tenant, store: Callable[..., Document]) -> TrashEntry:
    """What lies in acme's trash."""
    document = store(acme, b"in the trash", title="acme-trashed-title")
    with bind_tenant(acme):
        entry: TrashEntry = TrashEntry.objects.create(
            title=document.title, was_restricted=False,
            trashed_by_id=document.created_by_id, trashed_by_name="Ada",
        )  # fmt: skip
        Document.objects.filter(pk=document.pk).update(trash_entry=entry)
    return entry


def find_entry_id(tenant: Tenant) -> uuid.UUID:
    with bind_tenant(tenant):
        return uuid.UUID(str(TrashEntry.objects.get().pk))


@pytest.mark.usefixtures("trashed")
@pytest.mark.parametrize("who", WHO)
def test_no_route_of_acme_answers_who_does_not_belong(
    who: str, askers: Askers, twins: Document, acme: Tenant, people: dict[str, Person]
) -> None:
    client = askers[who]()
    visit = asked_visit(people["otto"], acme)
    before = everything_of(acme)
    there = values(
        document_id=twins.id, folder_id=twins.folder_id, name=twins.name, visit_id=visit.id,
        entry_id=find_entry_id(acme),
    )  # fmt: skip
    nowhere = values(name=twins.name)
    assert len(TENANT_ROUTES) >= 10
    for route, method in requests_for(TENANT_ROUTES):
        answer = asked(client, method, route.path(there), **body_for(route, method, there))
        same = asked(client, method, route.path(nowhere), **body_for(route, method, nowhere))
        assert is_closed(answer) or route.name in OPEN_ROUTES, (
            f"{method} {route.pattern}: {answer.status_code}"
        )
        assert seen(answer) == seen(same), (
            f"{method} {route.pattern} tells whether the document exists"
        )
        assert b"acme-secret" not in answer.content + str(answer.headers).encode()
        assert b"Signature" not in str(answer.headers).encode()
    assert everything_of(acme) == before


def test_what_is_open_looks_the_same_to_everybody(askers: Askers, twins: Document) -> None:
    open_routes = [
        route for route in TENANT_ROUTES if route.name in OPEN_ROUTES and not route.arguments
    ]
    pages: dict[str, set[Any]] = {}
    for who in WHO:
        client = askers[who]()
        for route, method in requests_for(open_routes, ["get"]):
            page = seen(asked(client, method, route.path({})))
            pages.setdefault(route.pattern, set()).add(page)
    assert {pattern: len(looks) for pattern, looks in pages.items()} == dict.fromkeys(pages, 1)


def test_every_route_of_a_suspended_tenant_is_the_plain_404_for_strangers(
    hooli: Tenant, twins: Document
) -> None:
    client = browser_at("hooli.example")
    nothing = seen(asked(client, "get", "/no/such/page"))
    assert nothing[0] == 404
    there = values(document_id=twins.id, folder_id=twins.folder_id)
    for route, method in requests_for(TENANT_ROUTES, ["get"]):
        assert seen(asked(client, method, route.path(there))) == nothing, route.pattern


def test_a_member_of_a_suspended_tenant_gets_the_page_that_says_so_and_no_link(
    hooli: Tenant, people: dict[str, Person], store: Callable[..., Document]
) -> None:
    document = store(hooli, b"hooli's")
    client = browser_at("hooli.example", new_session(people["hank"], hooli))
    there = values(document_id=document.id)
    for route, method in requests_for(TENANT_ROUTES, ["get"]):
        answer = asked(client, method, route.path(there))
        assert (answer.status_code, b"suspended" in answer.content) == (403, True), route.pattern


@pytest.mark.parametrize("name", ["ada", "eve"])
def test_no_route_of_the_agency_answers_a_tenants_admin(
    name: str, acme: Tenant, people: dict[str, Person]
) -> None:
    client = browser_at(settings.AGENCY_HOST, new_session(people[name], None))
    visit = asked_visit(people["otto"], acme)
    attestation = Attestation.objects.create(
        target="x", passed=True, tenants=1, tried=1, document={"failures": []}
    )
    values = {
        **ANYTHING,
        "visit_id": visit.id,
        "tenant_id": acme.id,
        "attestation_id": attestation.id,
        "operation_id": Operation.objects.create(kind="move_storage", tenant=acme).id,
        # A kind of job that there is.
        "name": "sweep",
        "report_id": BucketReport.objects.latest("made_at").pk,
    }
    for route, method in requests_for(AGENCY_ROUTES):
        answer = asked(client, method, route.path(values))
        assert is_closed(answer) or route.name in OPEN_ROUTES, (
            f"{method} {route.pattern}: {answer.status_code}"
        )
        assert b"globex" not in written(answer).lower()


def test_a_viewer_adds_nothing(acme: Tenant, globex: Tenant, people: dict[str, Person]) -> None:
    client, before = (
        browser_at("acme.example", new_session(people["vic"], acme)),
        everything_of(acme),
    )
    answer = client.post(
        "/upload", {"file": SimpleUploadedFile("x.pdf", b"x"), "visibility": "private"}
    )
    assert (answer.status_code, everything_of(acme)) == (403, before)
    assert b"Upload" not in client.get("/").content


def lose_membership(person: Person, tenant: Tenant) -> None:
    Membership.objects.filter(person=person, tenant=tenant).delete()


def lose_role(person: Person, tenant: Tenant) -> None:
    set_role(tenant, person, Role.VIEWER)


def deactivate(person: Person, _: Tenant) -> None:
    Person.objects.filter(pk=person.pk).update(is_active=False)


@pytest.mark.parametrize("lose_right", [lose_membership, lose_role, deactivate])
def test_losing_the_right_during_an_upload_adds_nothing(
    lose_right: Callable[[Person, Tenant], None],
    acme: Tenant,
    globex: Tenant,
    people: dict[str, Person],
) -> None:
    set_role(globex, people["max"], Role.EDITOR)
    uploader = require_editor(member(people["max"], acme))
    lose_right(people["max"], acme)
    with bind_tenant(acme):
        with pytest.raises(RoleRequired):
            store_upload(uploader=uploader, file=SimpleUploadedFile("x.pdf", b"x"))
        assert not Document.objects.exists()


def test_eves_right_password_does_not_sign_her_in_at_acme(
    acme: Tenant, globex: Tenant, people: dict[str, Person]
) -> None:
    client = browser_at("acme.example")
    client.post("/accounts/login/", {"login": "eve@globex.example", "password": PASSWORD})
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_no_mail_goes_from_acme_to_who_does_not_belong_there(
    acme: Tenant, globex: Tenant, people: dict[str, Person]
) -> None:
    browser_at("acme.example").post("/accounts/password/reset/", {"email": "eve@globex.example"})
    for tenant in (acme, globex, None):
        send_mail_of(tenant)
    assert mail.outbox == []


def test_equal_primary_keys_lead_each_to_their_own(
    twins: Document, globex: Tenant, acme: Tenant, people: dict[str, Person]
) -> None:
    at_acme = browser_at("acme.example", new_session(people["ada"], acme)).get(f"/d/{twins.id}/x")
    at_globex = browser_at("globex.example", new_session(people["eve"], globex)).get(
        f"/d/{twins.id}/x"
    )
    assert "/acme/private/" in at_acme.headers["Location"]
    assert "/globex/private/x/globex.pdf?" in at_globex.headers["Location"]
