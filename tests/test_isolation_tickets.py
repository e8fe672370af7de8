"""Nobody comes into a tenant but by a fresh ticket of their own visit, from the agency's page. Part of the walk."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from tenants.models import Tenant
from tenants.people.members import set_role
from tenants.people.models import AgencyRole, Person, Role, Session
from tenants.people.visit_models import Visit
from tenants.provisioning import set_requires_consent
from tests.conftest import browser_at, new_session
from tests.visiting import (
    asked_visit,
    change,
    deactivate,
    entered,
    is_in,
    remove_operator,
    show_ticket,
    stop_serving,
    ticket_of,
    visiting,
)
from tests.walk import ANYTHING, asked, seen

pytestmark = pytest.mark.django_db

SESSION = settings.SESSION_COOKIE_NAME
People = dict[str, Person]


@pytest.fixture
def otto(people: People) -> Person:
    return people["otto"]


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
    "used": entered,
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
    nothing = seen(asked(client, "get", "/no/such/page"))
    ticket = ticket_of(visit)
    spoil(visit)
    before = list(Visit.objects.values())
    assert seen(show_ticket(client, ticket)) == nothing
    assert list(Visit.objects.values()) == before
    assert SESSION not in client.cookies


def test_a_ticket_opens_once(acme: Tenant, otto: Person) -> None:
    ticket = ticket_of(asked_visit(otto, acme))
    first, second = browser_at("acme.example"), browser_at("acme.example")
    assert [show_ticket(client, ticket).status_code for client in (first, second)] == [302, 404]
    assert (is_in(first), is_in(second)) == (True, False)


def test_a_ticket_for_acme_is_nothing_at_globex(acme: Tenant, globex: Tenant, otto: Person) -> None:
    ticket = ticket_of(asked_visit(otto, acme))
    at_globex = browser_at("globex.example")
    assert show_ticket(at_globex, ticket).status_code == 404
    assert not is_in(at_globex)
    assert show_ticket(browser_at("acme.example"), ticket).status_code == 302


@pytest.mark.parametrize(
    "origin",
    ["https://acme.example", "https://evil.example", "null", "", "http://agency.example"]
    + [f"https://{settings.AGENCY_HOST}{more}" for more in (":8443", ".evil.example", "/", "@x")],
)
def test_a_ticket_counts_from_the_agencys_page_only(
    origin: str, acme: Tenant, otto: Person
) -> None:
    ticket = ticket_of(asked_visit(otto, acme))
    answer = show_ticket(browser_at("acme.example"), ticket, headers={"origin": origin})
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
    missing = seen(asked(eve, "post", f"/visits/{ANYTHING['visit_id']}/{step}"))
    assert seen(asked(eve, "post", f"/visits/{visit.id}/{step}")) == missing
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
