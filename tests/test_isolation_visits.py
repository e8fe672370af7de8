"""Agency staff in a tenant do what their visit says, while it goes on, and nothing else. Part of the isolation walk."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from media_core.documents.folders import Folder, FolderReader
from media_core.documents.models import Document
from media_core.documents.permissions import Editor, required_editor
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.errors import RoleRequired
from tenants.models import Tenant
from tenants.people.identity import Member, VisitFacts
from tenants.people.members import remove_agency_role, set_role
from tenants.people.models import AgencyRole, Person, Role, Session
from tenants.people.visit_models import Visit
from tenants.provisioning import resume, set_requires_consent, suspend
from tests.conftest import browser_at, new_session
from tests.visiting import asked_visit, entered, shown, ticket_of, visiting
from tests.walk import ANYTHING, OPEN_ROUTES, asked, everything_of, is_closed, routes, seen

pytestmark = pytest.mark.django_db

TENANT_ROUTES = routes("gateway.urls_tenant")
SETTLED_BY_ADMINS = ("/activity", "/visits")
SESSION = settings.SESSION_COOKIE_NAME
Store = Callable[..., Document]
People = dict[str, Person]


@pytest.fixture
def otto(people: People) -> Person:
    return people["otto"]


def is_in(client: Client) -> bool:
    """Return whether the tenant's start page is shown, and not the way to sign-in."""
    return client.get("/").status_code == 200


def change(visit: Visit, **values: Any) -> None:
    assert Visit.objects.filter(pk=visit.pk).update(**values)


# --- How a visit ends: at once, for every route


def remove_operator(visit: Visit) -> None:
    AgencyRole.objects.filter(person=visit.person, role="operator").delete()


def deactivate(visit: Visit) -> None:
    Person.objects.filter(pk=visit.person_id).update(is_active=False)


def change_password(visit: Visit) -> None:
    Person.objects.filter(pk=visit.person_id).update(password="!changed")


def stop_serving(visit: Visit) -> None:
    Tenant.objects.filter(pk=visit.tenant_id).update(status="suspended")


ENDS: dict[str, Callable[[Visit], Any]] = {
    "left": lambda visit: change(visit, left_at=timezone.now()),
    "an hour is over": lambda visit: change(visit, ends_at=timezone.now()),
    "consent was withdrawn": lambda visit: change(visit, consent=Visit.Consent.REFUSED),
    "the operator's role was taken": remove_operator,
    "the person was deactivated": deactivate,
    "the password changed": change_password,
    "the tenant is not served": stop_serving,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_no_route_answers_a_visitor_whose_visit_is_over(
    end: Callable[[Visit], Any], acme: Tenant, otto: Person, store: Store
) -> None:
    document = store(acme)
    visit = asked_visit(otto, acme, may_write=True)
    client = entered(visit)
    assert is_in(client)
    end(visit)
    before = everything_of(acme)
    for route in TENANT_ROUTES:
        path = route.path({**ANYTHING, "document_id": document.id, "visit_id": visit.id})
        for method in ("get", "post"):
            answer = asked(client, method, path)
            assert is_closed(answer) or route.name in OPEN_ROUTES, f"{method} {path}"
    assert everything_of(acme) == before


def test_a_role_that_comes_back_brings_no_visit_back(acme: Tenant, otto: Person) -> None:
    client = visiting(otto, acme)
    remove_agency_role(otto.email, AgencyRole.Role.OPERATOR)
    AgencyRole.objects.create(person=otto, role="operator")
    assert not is_in(client)


def test_a_tenant_that_is_resumed_has_no_visitors(acme: Tenant, otto: Person) -> None:
    client = visiting(otto, acme)
    suspend(acme)
    resume(acme)
    assert not is_in(client)


# --- What a visitor may


@pytest.mark.parametrize("may_write", [False, True])
def test_a_visitor_settles_nothing(may_write: bool, acme: Tenant, otto: Person) -> None:
    visit = asked_visit(otto, acme, may_write=may_write)
    other = asked_visit(otto, acme)
    client, before = entered(visit), everything_of(acme)
    for path in SETTLED_BY_ADMINS:
        assert client.get(path).status_code == 403
    for path in ("consent", f"{other.id}/agree", f"{other.id}/refuse", f"{other.id}/end"):
        assert client.post(f"/visits/{path}", {"required": "yes"}).status_code == 403
    assert everything_of(acme) == before
    assert not Visit.objects.exclude(pk=visit.pk).exclude(left_at=None).exists()


@pytest.mark.parametrize("name", ["ed", "vic"])
def test_only_admins_settle_visits(name: str, acme: Tenant, people: People, otto: Person) -> None:
    visit = asked_visit(otto, acme)
    client = browser_at("acme.example", new_session(people[name], acme))
    for path in SETTLED_BY_ADMINS:
        assert client.get(path).status_code == 403
    for path in ("consent", f"{visit.id}/agree", f"{visit.id}/refuse", f"{visit.id}/end"):
        assert client.post(f"/visits/{path}", {"required": "yes"}).status_code == 403
    assert Visit.objects.filter(pk=visit.pk, consent="not_needed", left_at=None).exists()


def test_a_read_only_visitor_changes_nothing_by_any_route(
    acme: Tenant, otto: Person, store: Store
) -> None:
    document, visit = store(acme), asked_visit(otto, acme)
    client, before = entered(visit), everything_of(acme)
    values = {**ANYTHING, "document_id": document.id, "name": document.name, "visit_id": visit.id}
    for route in TENANT_ROUTES:
        if route.name == "leave" or route.name in OPEN_ROUTES:
            continue
        for method in ("post", "put", "patch", "delete"):
            body = {"data": upload()} if method == "post" else {}
            assert asked(client, method, route.path(values), **body).status_code >= 400, route
        data = json.dumps({"title": "planted"})
        asked(client, "post", route.path(values), data=data, content_type="application/json")
    assert everything_of(acme) == before
    assert is_in(client)
    assert b"Upload" not in client.get("/").content


def upload() -> dict[str, Any]:
    file = SimpleUploadedFile("x.pdf", b"%PDF-1.7\n")
    return {"file": file, "title": "planted", "visibility": "private", "name": "planted"}


def test_a_writing_visitor_adds_a_document_under_the_agencys_name(
    acme: Tenant, otto: Person
) -> None:
    visiting(otto, acme, may_write=True).post("/upload", upload())
    with bind_tenant(acme):
        assert Document.objects.get().created_by_name == "Otto (agency)"


@pytest.mark.parametrize("end", [*list(ENDS.values())[:5], ENDS["the tenant is not served"]])
def test_a_visit_that_ended_while_the_bytes_came_adds_nothing(
    end: Callable[[Visit], Any], acme: Tenant, otto: Person
) -> None:
    set_role(acme, otto, Role.EDITOR)
    visit = asked_visit(otto, acme, may_write=True)
    entered(visit)
    uploader = required_editor(visitor_of(visit))
    end(visit)
    with bind_tenant(acme, even_suspended=True):
        with pytest.raises(RoleRequired):
            store_upload(uploader=uploader, **file())
        assert not Document.objects.exists()


def test_a_read_only_visit_is_not_taken_for_one_that_writes(acme: Tenant, otto: Person) -> None:
    visit = asked_visit(otto, acme)
    entered(visit)
    with bind_tenant(acme), pytest.raises(RoleRequired):
        store_upload(uploader=Editor(visitor_of(visit)), **file())


def file() -> dict[str, Any]:
    return {"file": SimpleUploadedFile("x.pdf", b"%PDF-1.7\n")}


def visitor_of(visit: Visit) -> Member:
    visit.refresh_from_db()
    assert visit.ends_at
    facts = VisitFacts(visit.id, visit.reason, visit.ends_at, visit.may_write)
    return Member(visit.person_id, visit.visitor, Role.EDITOR, facts)


@pytest.mark.parametrize("may_write", [False, True])
def test_restricted_folders_are_closed_to_a_visitor_also_when_the_person_is_named(
    may_write: bool, acme: Tenant, otto: Person, store: Store
) -> None:
    set_role(acme, otto, Role.EDITOR)
    document = store(acme, title="board-minutes")
    with bind_tenant(acme):
        who = {"created_by_id": otto.id, "created_by_name": "Ada"}
        folder = Folder(name="Board", is_restricted=True, path=[], **who)
        folder.path = [folder.id]
        folder.save()
        FolderReader.objects.create(folder=folder, person_id=otto.id, person_name="Otto")
        Document.objects.filter(pk=document.pk).update(folder=folder)
    as_member = browser_at("acme.example", new_session(otto, acme))
    as_visitor = visiting(otto, acme, may_write=may_write)
    assert as_member.get(f"/d/{document.id}").status_code == 302
    assert as_visitor.get(f"/d/{document.id}").status_code == 404
    assert b"board-minutes" not in as_visitor.get("/").content


def test_a_member_who_visits_has_the_visits_role_and_keeps_their_own_session(
    acme: Tenant, otto: Person
) -> None:
    set_role(acme, otto, Role.ADMIN)
    own = browser_at("acme.example", new_session(otto, acme))
    visit = visiting(otto, acme)
    assert (own.get("/activity").status_code, visit.get("/activity").status_code) == (200, 403)
    assert (b"Upload" in own.get("/").content, b"Upload" in visit.get("/").content) == (True, False)


# --- Whose session


def test_the_agencys_session_opens_nothing_at_a_tenant(acme: Tenant, otto: Person) -> None:
    entered(asked_visit(otto, acme))
    key = new_session(otto, None)
    assert not is_in(browser_at("acme.example", key))


def test_a_visits_session_opens_nothing_elsewhere(
    acme: Tenant, globex: Tenant, otto: Person
) -> None:
    key = visiting(otto, acme).cookies[SESSION].value
    assert is_in(browser_at("acme.example", key))
    assert not is_in(browser_at("globex.example", key))
    assert not is_in(browser_at(settings.AGENCY_HOST, key))


def test_entering_replaces_whoever_was_signed_in(
    acme: Tenant, otto: Person, people: People
) -> None:
    key = new_session(people["ada"], acme)
    client = entered(asked_visit(otto, acme), browser_at("acme.example", key))
    assert client.cookies[SESSION].value != key
    assert not Session.objects.filter(session_key=key).exists()
    assert client.get("/activity").status_code == 403


# --- Tickets: whatever is wrong, the plain 404


def take_time(visit: Visit) -> None:
    change(visit, ticket_expires_at=timezone.now())


def wait_a_day(visit: Visit) -> None:
    change(visit, asked_at=timezone.now() - timedelta(hours=24))


def want_to_be_asked(visit: Visit) -> None:
    set_requires_consent(visit.tenant, required=True)


SPOILT: dict[str, Callable[[Visit], Any]] = {
    "30 seconds are over": take_time,
    "a day is over": wait_a_day,
    "used": lambda visit: entered(visit),
    "another was given out": ticket_of,
    "taken back": lambda visit: change(visit, left_at=timezone.now()),
    "not agreed to": lambda visit: change(visit, consent=Visit.Consent.WAITING),
    "refused": lambda visit: change(visit, consent=Visit.Consent.REFUSED),
    "the tenant wants to be asked now": want_to_be_asked,
    "the operator's role was taken": remove_operator,
    "the person was deactivated": deactivate,
    "the tenant is not served": stop_serving,
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_ticket_that_is_no_good_gets_the_plain_404(
    spoil: Callable[[Visit], Any], acme: Tenant, otto: Person
) -> None:
    visit, client = asked_visit(otto, acme), browser_at("acme.example")
    nothing = seen(client.get("/no/such/page"))
    ticket = ticket_of(visit)
    spoil(visit)
    before = list(Visit.objects.values())
    assert seen(shown(client, ticket)) == nothing
    assert list(Visit.objects.values()) == before
    assert SESSION not in client.cookies


def test_a_ticket_opens_once(acme: Tenant, otto: Person) -> None:
    ticket = ticket_of(asked_visit(otto, acme))
    first, second = browser_at("acme.example"), browser_at("acme.example")
    assert [shown(client, ticket).status_code for client in (first, second)] == [302, 404]
    assert (is_in(first), is_in(second)) == (True, False)


def test_a_ticket_for_acme_is_nothing_at_globex(acme: Tenant, globex: Tenant, otto: Person) -> None:
    ticket = ticket_of(asked_visit(otto, acme))
    at_globex = browser_at("globex.example")
    assert shown(at_globex, ticket).status_code == 404
    assert not is_in(at_globex)
    assert shown(browser_at("acme.example"), ticket).status_code == 302


@pytest.mark.parametrize(
    "origin",
    ["https://acme.example", "https://evil.example", "null", "", "http://agency.example"]
    + [f"https://{settings.AGENCY_HOST}{more}" for more in (":8443", ".evil.example", "/", "@x")],
)
def test_a_ticket_counts_from_the_agencys_page_only(
    origin: str, acme: Tenant, otto: Person
) -> None:
    ticket = ticket_of(asked_visit(otto, acme))
    answer = shown(browser_at("acme.example"), ticket, headers={"origin": origin})
    assert answer.status_code == 404


# --- Consent is the tenant's own


@pytest.mark.parametrize("step", ["agree", "refuse", "end"])
def test_nobody_settles_a_visit_to_another_tenant(
    step: str, acme: Tenant, globex: Tenant, people: People, otto: Person
) -> None:
    set_requires_consent(acme, required=True)
    visit = asked_visit(otto, acme)
    before = Visit.objects.filter(pk=visit.pk).values().get()
    eve = browser_at("globex.example", new_session(people["eve"], globex))
    missing = seen(eve.post(f"/visits/{ANYTHING['visit_id']}/{step}"))
    assert seen(eve.post(f"/visits/{visit.id}/{step}")) == missing
    assert missing[0] == 404
    assert Visit.objects.filter(pk=visit.pk).values().get() == before


def test_nobody_agrees_to_their_own_visit(acme: Tenant, otto: Person) -> None:
    set_role(acme, otto, Role.ADMIN)
    set_requires_consent(acme, required=True)
    visit = asked_visit(otto, acme)
    own = browser_at("acme.example", new_session(otto, acme))
    assert own.post(f"/visits/{visit.id}/agree").status_code == 409
    assert Visit.objects.get(pk=visit.pk).consent == Visit.Consent.WAITING


def test_a_visit_that_waits_cannot_be_entered(acme: Tenant, otto: Person) -> None:
    set_requires_consent(acme, required=True)
    visit = asked_visit(otto, acme)
    client = browser_at(settings.AGENCY_HOST, new_session(otto, None))
    assert client.post(f"/visits/{visit.id}/ticket").status_code == 409


# --- Who is told


def test_only_admins_read_who_visits(acme: Tenant, otto: Person, people: People) -> None:
    visiting(otto, acme)
    told = {
        name: b"Otto"
        in browser_at("acme.example", new_session(people[name], acme)).get("/").content
        for name in ("ada", "ed", "vic")
    }
    assert told == {"ada": True, "ed": False, "vic": False}
    for path in ("/accounts/login/", "/accounts/password/reset/"):
        page = browser_at("acme.example").get(path).content
        assert (b"Otto" in page, b"Activity" in page) == (False, False)


# --- At the agency


@pytest.mark.parametrize("name", ["olga", "fiona"])
def test_only_operators_enter(name: str, acme: Tenant, people: People, otto: Person) -> None:
    visit = asked_visit(otto, acme)
    client = browser_at(settings.AGENCY_HOST, new_session(people[name], None))
    assert client.get(f"/tenants/{acme.id}/enter").status_code == 403
    assert client.post(f"/tenants/{acme.id}/enter", {"reason": "x"}).status_code == 403
    assert client.get(f"/visits/{visit.id}").status_code == 403
    assert client.post(f"/visits/{visit.id}/ticket").status_code == 403
    assert client.post(f"/visits/{visit.id}/end").status_code == 403
    assert Visit.objects.count() == 1
    assert b"/enter" not in client.get("/").content


def test_an_operator_uses_no_colleagues_visit(acme: Tenant, people: People, otto: Person) -> None:
    visit = asked_visit(otto, acme)
    AgencyRole.objects.create(person=people["olga"], role="operator")
    client = browser_at(settings.AGENCY_HOST, new_session(people["olga"], None))
    assert client.get(f"/visits/{visit.id}").status_code == 404
    assert client.post(f"/visits/{visit.id}/ticket").status_code == 404
    assert client.post(f"/visits/{visit.id}/end").status_code == 404


def test_finance_reads_no_history(acme: Tenant, people: People) -> None:
    client = browser_at(settings.AGENCY_HOST, new_session(people["fiona"], None))
    assert client.get("/history").status_code == 403
    assert b"/history" not in client.get("/").content
