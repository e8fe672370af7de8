"""Agency staff in a tenant do what their visit says, while it goes on, and nothing else. Part of the isolation walk."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from media_core.documents.folders import Folder, FolderReader
from media_core.documents.models import Document
from media_core.documents.permissions import Editor, require_editor
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.errors import RoleRequired
from tenants.models import Tenant
from tenants.people.identity import Member, VisitFacts
from tenants.people.members import remove_agency_role, set_role
from tenants.people.models import AgencyRole, Person, Role
from tenants.people.visit_models import Visit
from tenants.provisioning import resume_tenant, suspend_tenant
from tests.conftest import browser_at, new_session
from tests.visiting import (
    asked_visit,
    change,
    change_password,
    deactivate,
    entered,
    is_in,
    remove_operator,
    stop_serving,
    visiting,
)
from tests.walk import ANYTHING, OPEN_ROUTES, asked, everything_of, is_closed, requests_for, routes

pytestmark = pytest.mark.django_db

TENANT_ROUTES = routes("gateway.urls_tenant")
SETTLED_BY_ADMINS = ("/activity", "/visits")
SESSION = settings.SESSION_COOKIE_NAME
Store = Callable[..., Document]
People = dict[str, Person]


@pytest.fixture
def otto(people: People) -> Person:
    return people["otto"]


# --- How a visit ends: at once, for every route


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
    for route, method in requests_for(TENANT_ROUTES, ("get", "post")):
        path = route.path({**ANYTHING, "document_id": document.id, "visit_id": visit.id})
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
    suspend_tenant(acme)
    resume_tenant(acme)
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
    changing = [
        route
        for route in TENANT_ROUTES
        if route.name != "leave" and not route.name.startswith("account_")
    ]
    for route, method in requests_for(changing, ("post", "put", "patch", "delete")):
        body = {"data": upload()} if method == "post" else {}
        asked(client, method, route.path(values), **body)
        if method == "post":
            data = json.dumps({"title": "planted"})
            asked(client, method, route.path(values), data=data, content_type="application/json")
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
    uploader = require_editor(visitor_of(visit))
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


def test_leaving_ends_the_visit_of_who_leaves_and_no_other(
    acme: Tenant, otto: Person, people: People
) -> None:
    leaving, staying = visiting(otto, acme), visiting(otto, acme)
    assert leaving.post("/visit/leave").status_code == 200
    assert (is_in(leaving), is_in(staying)) == (False, True)
    ada = browser_at("acme.example", new_session(people["ada"], acme))
    assert ada.post("/visit/leave").status_code == 404
    assert Visit.objects.exclude(left_at=None).count() == 1
