"""A visit from its request to its end: one row, both histories, and never two ways in."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import RequestFactory
from django.utils import timezone

from media_core.audit.models import AuditEvent
from media_core.documents.models import AccessEvent
from media_core.documents.permissions import require_admin
from media_core.visits import flow
from tenants.binding import bind_tenant
from tenants.errors import NameRefused, NotFound, VisitRefused
from tenants.models import AuditEvent as AgencyAuditEvent
from tenants.people import visits
from tenants.people.members import set_role
from tenants.people.models import Person, Role, Session
from tenants.people.visit_models import REQUEST_LIFETIME, Visit, format_visitor_name
from tenants.provisioning import set_requires_consent
from tests.conftest import PASSWORD, browser_at, member, new_session
from tests.media_core.conftest import in_a_thread
from tests.visiting import REASON, asked_visit, entered, show_ticket, staff, ticket_of, visiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(people, acme):
    return require_admin(member(people["ada"], acme))


def histories(tenant):
    """Return who did what, oldest first: as the agency reads it, and as the tenant does."""
    agency = AgencyAuditEvent.objects.filter(tenant=tenant).order_by("at")
    with bind_tenant(tenant):
        own = list(AuditEvent.objects.order_by("at").values_list("actor_name", "action"))
    return list(agency.values_list("actor_name", "action")), own


# --- asking


def test_asking_writes_down_who_where_and_why(acme, otto):
    visit = asked_visit(otto, acme)
    assert (visit.person, visit.person_name, visit.tenant) == (otto, "Otto", acme)
    assert (visit.reason, visit.may_write, visit.consent) == (REASON, False, "not_needed")


def test_a_tenant_that_wants_to_be_asked_is(acme, otto):
    set_requires_consent(acme, required=True)
    assert asked_visit(otto, acme).consent == "waiting"


@pytest.mark.parametrize("reason", ["", "  \n ", "\u202egpj", "a\x00b", "x" * 501])
def test_a_reason_that_says_nothing_or_misleads_is_refused(reason, acme, otto):
    with pytest.raises(NameRefused):
        flow.ask_to_enter(operator=staff(otto), tenant=acme, reason=reason, may_write=False)
    assert not Visit.objects.exists()
    assert histories(acme) == ([], [])


# --- both histories


def test_every_step_stands_in_both_histories_in_the_same_words(acme, otto, people, ada):
    set_requires_consent(acme, required=True)
    visit = asked_visit(otto, acme)
    with bind_tenant(acme):
        flow.agree(visit.id, admin=ada)
    entered(visit).post("/visit/leave")
    agency, own = histories(acme)
    assert agency == own
    assert own == [
        ("Otto (agency)", "visit asked"),
        ("Ada", "visit agreed to"),
        ("Otto (agency)", "visit entered"),
        ("Otto (agency)", "visit ended"),
    ]


def test_both_histories_say_why(acme, otto):
    asked_visit(otto, acme, may_write=True)
    with bind_tenant(acme):
        own = AuditEvent.objects.get()
    why = f"may change documents: {REASON}"
    assert (own.detail, AgencyAuditEvent.objects.get().detail) == (why, why)


def test_an_admins_end_stands_in_both_histories(acme, otto, ada):
    visit = asked_visit(otto, acme)
    with bind_tenant(acme):
        flow.end_by_admin(visit.id, admin=ada)
    assert [history[-1] for history in histories(acme)] == [("Ada", "visit ended")] * 2


def test_requiring_consent_stands_in_both_histories_once(acme, ada):
    with bind_tenant(acme):
        assert flow.set_consent_required(admin=ada, required=True)
        assert not flow.set_consent_required(admin=ada, required=True)
    assert histories(acme) == ([("Ada", "consent to visits required")],) * 2


@pytest.mark.parametrize("table", ["media_core_auditevent", "tenants_auditevent"])
def test_without_its_place_in_a_history_a_step_is_not_taken(table, acme, otto, ada):
    visit = asked_visit(otto, acme)
    with bind_tenant(acme), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT never CHECK (action = '') NOT VALID")
        with pytest.raises(DatabaseError):
            flow.end_by_admin(visit.id, admin=ada)
    assert Visit.objects.get(pk=visit.pk).left_at is None


def test_what_a_visitor_opens_is_recorded_under_the_agencys_name(acme, otto, store):
    document = store(acme)
    visiting(otto, acme).get(f"/d/{document.id}")
    with bind_tenant(acme):
        assert AccessEvent.objects.get().person_name == "Otto (agency)"


def test_the_longest_name_still_says_where_it_comes_from(acme, otto, store):
    Person.objects.filter(pk=otto.pk).update(name="O" * 120)
    renamed, document = Person.objects.get(pk=otto.pk), store(acme)
    assert visiting(renamed, acme).get(f"/d/{document.id}").status_code == 302
    assert len(format_visitor_name(renamed.name)) == 120


# --- consent


def test_consent_lets_the_visit_be_entered(acme, otto, ada):
    set_requires_consent(acme, required=True)
    visit = asked_visit(otto, acme)
    with bind_tenant(acme):
        flow.agree(visit.id, admin=ada)
    assert entered(visit).get("/").status_code == 200


def test_consent_that_is_taken_back_ends_the_visit(acme, otto, ada):
    set_requires_consent(acme, required=True)
    visit = asked_visit(otto, acme)
    with bind_tenant(acme):
        flow.agree(visit.id, admin=ada)
    client = entered(visit)
    with bind_tenant(acme):
        flow.refuse(visit.id, admin=ada)
    assert client.get("/").status_code == 302
    assert Visit.objects.get(pk=visit.pk).ended_by == "Ada"


@pytest.mark.parametrize("step", [flow.agree, flow.refuse, flow.end_by_admin])
def test_a_request_of_yesterday_is_over(step, acme, otto, ada):
    set_requires_consent(acme, required=True)
    visit = asked_visit(otto, acme)
    Visit.objects.update(asked_at=timezone.now() - REQUEST_LIFETIME)
    with bind_tenant(acme), pytest.raises(VisitRefused):
        step(visit.id, admin=ada)
    assert visits.find_own_visit(visit.id, operator=staff(otto)).state == "lapsed"


@pytest.mark.parametrize("step", [flow.agree, flow.refuse, flow.end_by_admin])
def test_what_was_refused_stays_refused(step, acme, otto, ada):
    set_requires_consent(acme, required=True)
    visit = asked_visit(otto, acme)
    with bind_tenant(acme):
        flow.refuse(visit.id, admin=ada)
        before = Visit.objects.filter(pk=visit.pk).values().get()
        with pytest.raises(VisitRefused):
            step(visit.id, admin=ada)
    assert Visit.objects.filter(pk=visit.pk).values().get() == before


# --- the ticket


def test_only_a_digest_of_the_ticket_is_stored(acme, otto):
    visit = asked_visit(otto, acme)
    ticket = ticket_of(visit)
    row: dict[str, Any] = dict(Visit.objects.filter(pk=visit.pk).values().get())
    assert row["ticket_hash"] == hashlib.sha256(ticket.encode()).hexdigest()
    assert ticket not in str(row)
    assert (
        timedelta(seconds=25) < row["ticket_expires_at"] - timezone.now() <= timedelta(seconds=30)
    )


def test_a_ticket_enters_no_log(acme, otto, caplog):
    caplog.set_level("DEBUG")
    visit = asked_visit(otto, acme)
    ticket = ticket_of(visit)
    show_ticket(browser_at("acme.example"), ticket)
    show_ticket(browser_at("acme.example"), ticket)
    assert ticket not in "".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.records
    )


def test_entering_lasts_sixty_minutes(acme, otto):
    visiting(otto, acme)
    visit, session = Visit.objects.get(), Session.objects.get(visit__isnull=False)
    assert visit.ends_at
    assert visit.entered_at
    assert visit.ends_at - visit.entered_at == timedelta(minutes=60)
    assert abs(session.expire_date - visit.ends_at) < timedelta(seconds=5)
    assert (session.person, session.tenant, session.visit) == (otto, acme, visit)


def test_of_two_who_show_a_ticket_at_once_exactly_one_enters(committed, acme, otto):
    def race():
        ticket = ticket_of(asked_visit(otto, acme))
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda _: in_a_thread(lambda: try_to_enter(ticket)), range(8)))

    def try_to_enter(ticket):
        return show_ticket(browser_at("acme.example"), ticket).status_code

    results = committed(race)
    assert sorted(results) == [302] + [404] * 7


def test_a_visitor_who_signs_in_elsewhere_loses_nothing_of_a_members(acme, otto):
    set_role(acme, otto, Role.EDITOR)
    own = browser_at("acme.example", new_session(otto, acme))
    visiting(otto, acme).post("/visit/leave")
    assert own.get("/").status_code == 200


def test_a_session_that_fails_leaves_the_ticket_good(acme, otto):
    visit = asked_visit(otto, acme)
    ticket = ticket_of(visit)
    request = RequestFactory().post("/visit")
    with bind_tenant(acme), pytest.raises(AttributeError):
        flow.enter(request, ticket)  # has no session
    assert Visit.objects.get(pk=visit.pk).entered_at is None
    assert show_ticket(browser_at("acme.example"), ticket).status_code == 302


def test_members_have_no_visit_to_leave(acme, people):
    with bind_tenant(acme), pytest.raises(NotFound):
        flow.leave(member(people["ada"], acme))


def test_the_last_change_of_a_visit_wins_nothing_twice(acme, otto):
    visit = asked_visit(otto, acme)
    flow.end(visit, by=None)
    with pytest.raises(VisitRefused):
        flow.end(visit, by=None)
    assert [action for _, action in histories(acme)[1]] == ["visit asked", "visit ended"]


def test_who_signs_in_after_their_visit_is_there_as_a_member(acme, otto):
    visit = asked_visit(otto, acme)
    client = entered(visit)
    set_role(acme, otto, Role.VIEWER)
    flow.end(visit, by=None)
    client.post("/accounts/login/", {"login": otto.email, "password": PASSWORD})
    assert client.get("/").status_code == 200
    assert b"(agency)" not in client.get("/").content
    assert Session.objects.get(person=otto, tenant=acme).visit is None
