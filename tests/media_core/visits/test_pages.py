"""The pages around visits: what the operator, the visitor and the tenant's admins see."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from media_core.audit.models import record_event
from media_core.visits.admin_views import EVENTS_PER_PAGE
from tenants.binding import bind_tenant
from tenants.models import AuditEvent, Tenant
from tenants.people.visit_models import Visit
from tenants.provisioning import set_requires_consent
from tests.conftest import browser_at, member, new_session
from tests.folders import new_folder
from tests.visiting import REASON, asked_visit, entered, text_of, visiting
from tests.wire import statements

pytestmark = pytest.mark.django_db


# --- the operator


def test_the_list_of_tenants_leads_operators_to_the_way_in(agency, acme, hooli):
    page = text_of(agency.get("/"))
    assert f"/tenants/{acme.id}/enter" in page
    assert f"/tenants/{hooli.id}/enter" not in page


def test_the_way_in_without_javascript(agency, acme):
    answer = agency.post(f"/tenants/{acme.id}/enter", {"reason": REASON})
    visit = Visit.objects.get()
    assert answer.headers["Location"] == f"/visits/{visit.id}"
    assert "Enter Acme" in text_of(agency.get(f"/visits/{visit.id}"))
    page = text_of(agency.post(f"/visits/{visit.id}/ticket"))
    assert '<form method="post" action="https://acme.example/visit"' in page
    assert (visit.may_write, visit.reason) == (False, REASON)


def test_writing_must_be_asked_for(agency, acme):
    agency.post(f"/tenants/{acme.id}/enter", {"reason": REASON, "may_write": "on"})
    assert Visit.objects.get().may_write


@pytest.mark.parametrize("reason", ["", " ", "\u202egpj", "x" * 501])
def test_without_a_good_reason_the_form_comes_back(reason, agency, acme):
    answer = agency.post(f"/tenants/{acme.id}/enter", {"reason": reason})
    assert (answer.status_code, "errorlist" in text_of(answer)) == (200, True)
    assert not Visit.objects.exists()


def test_a_suspended_tenant_is_not_entered(agency, hooli):
    assert agency.get(f"/tenants/{hooli.id}/enter").status_code == 403
    assert agency.post(f"/tenants/{hooli.id}/enter", {"reason": REASON}).status_code == 403
    assert not Visit.objects.exists()


def test_a_visit_that_waits_says_so_and_has_no_way_in(agency, acme, otto):
    set_requires_consent(acme, required=True)
    assert "has to agree first" in text_of(agency.get(f"/tenants/{acme.id}/enter"))
    visit = asked_visit(otto, acme)
    page = text_of(agency.get(f"/visits/{visit.id}"))
    assert "An admin of Acme has to agree" in page
    assert "/ticket" not in page


def test_an_operator_takes_a_request_back(agency, acme, otto):
    visit = asked_visit(otto, acme)
    agency.post(f"/visits/{visit.id}/end")
    page = text_of(agency.get(f"/visits/{visit.id}"))
    assert ("closed" in page, "/ticket" in page) == (True, False)


def test_a_visit_ends_from_the_agencys_side_too(agency, acme, otto):
    visit = asked_visit(otto, acme)
    client = entered(visit)
    agency.post(f"/visits/{visit.id}/end")
    assert client.get("/").status_code == 302


# --- the visitor


@pytest.mark.parametrize(("may_write", "says"), [(False, "Read-only"), (True, "may change")])
def test_every_page_says_who_visits_why_how_far_and_until_when(may_write, says, acme, otto):
    client = visiting(otto, acme, may_write=may_write)
    until = f"{Visit.objects.get().ends_at:%H:%M} UTC"
    for path in ("/", "/visits", "/accounts/password/change/"):
        page = text_of(client.get(path))
        assert "visiting Acme as Otto (agency)" in page
        assert (REASON in page, says in page, until in page) == (True, True, True)
        assert 'action="/visit/leave"' in page
        assert "Sign out" not in page


def test_leaving_ends_the_visit_and_leads_back_to_the_agency(acme, otto):
    client = visiting(otto, acme)
    page = text_of(client.post("/visit/leave"))
    visit = Visit.objects.get()
    assert f'href="https://{settings.AGENCY_HOST}/visits/{visit.id}"' in page
    assert (visit.left_at is not None, visit.ended_by) == (True, "Otto (agency)")
    assert client.get("/").status_code == 302


def test_a_members_page_has_no_banner(acme, people):
    page = text_of(browser_at("acme.example", new_session(people["ed"], acme)).get("/"))
    assert ("visiting" in page, "Activity" in page) == (False, False)


# --- the tenant's admins


def test_admins_read_on_every_page_that_somebody_visits(ada, acme, otto):
    assert "visiting now" not in text_of(ada.get("/"))
    client = visiting(otto, acme)
    for path in ("/", "/activity", "/visits"):
        assert "Otto of the agency is visiting now" in " ".join(
            text_of(ada.get(path)).replace("<strong>", "").replace("</strong>", "").split()
        )
    client.post("/visit/leave")
    assert "visiting now" not in text_of(ada.get("/"))


def test_the_notice_stands_on_every_page_of_the_library(ada, acme, otto, store):
    folder = new_folder(acme, "Contracts")
    document = store(acme, folder=folder)
    client = visiting(otto, acme, may_write=True)
    pages = ["", "/move", "/rename"]
    paths = ["/", "/limits", *(f"/folders/{folder.id}{page}" for page in pages)]
    paths += [f"/documents/{document.id}{page}" for page in ("", "/move", "/publish")]
    for path in paths:
        assert "You are visiting Acme as Otto (agency)" in text_of(client.get(path)), path
        assert "visiting now" in text_of(ada.get(path)), path


def test_the_notice_costs_no_statement(acme, otto, ada):
    ada.get("/")
    with statements() as alone:
        ada.get("/")
    visiting(otto, acme)
    with statements() as visited:
        ada.get("/")
    assert len(alone) == len(visited)


def test_opening_a_document_costs_a_visitor_what_it_costs_a_member(acme, people, otto, store):
    def cost(client):
        client.get("/")
        with statements() as sent:
            assert client.get(f"/d/{document.id}").status_code == 302
        return len(sent)

    document = store(acme)
    member = browser_at("acme.example", new_session(people["vic"], acme))
    assert cost(member) == cost(visiting(otto, acme)) <= 3


def test_an_admin_agrees_on_the_page(ada, acme, otto):
    set_requires_consent(acme, required=True)
    visit = asked_visit(otto, acme)
    assert "asks to enter" in text_of(ada.get("/"))
    page = text_of(ada.get("/visits"))
    assert (REASON in page, f"/visits/{visit.id}/agree" in page) == (True, True)
    said = text_of(ada.post(f"/visits/{visit.id}/agree", follow=True))
    assert "Otto (agency) may enter now." in said
    row = Visit.objects.get()
    assert (row.consent, row.consent_by_name) == ("given", "Ada")


def test_an_admin_refuses_on_the_page(ada, acme, otto):
    visit = asked_visit(otto, acme)
    assert "may not enter" in text_of(ada.post(f"/visits/{visit.id}/refuse", follow=True))
    assert Visit.objects.get().consent == "refused"


def test_an_admin_ends_a_visit_on_the_page(ada, acme, otto):
    visit = asked_visit(otto, acme)
    client = entered(visit)
    assert "End the visit" in text_of(ada.get("/visits"))
    assert "is over" in text_of(ada.post(f"/visits/{visit.id}/end", follow=True))
    assert client.get("/").status_code == 302
    assert "ended by Ada" in text_of(ada.get("/visits"))


def test_an_admin_switches_consent(ada, acme, otto):
    assert "Require our consent" in text_of(ada.get("/visits"))
    ada.post("/visits/consent", {"required": "yes"})
    assert Tenant.objects.get(pk=acme.pk).requires_consent
    assert "Let them enter without asking" in text_of(ada.get("/visits"))
    ada.post("/visits/consent", {"required": "no"})
    assert not Tenant.objects.get(pk=acme.pk).requires_consent


def test_what_is_over_is_shown_as_over(ada, acme, otto):
    visiting(otto, acme)
    Visit.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    page = text_of(ada.get("/visits"))
    assert (">over<" in page, "End the visit" in page) == (True, False)


def test_empty_pages_say_what_will_stand_there(ada):
    assert "Nobody of the agency has asked" in text_of(ada.get("/visits"))
    assert "Nothing was written down yet" in text_of(ada.get("/activity"))


def test_activity_is_paged_and_costs_the_same_whatever_its_length(acme, people, ada):
    def cost(page=""):
        ada.get("/activity")
        with statements() as sent:
            answer = ada.get("/activity", {"page": page})
        return len(sent), text_of(answer)

    with bind_tenant(acme):
        record_event(
            member(people["ada"], acme), "published", subject_id=acme.id, subject="<b>x</b>"
        )
    before, shown = cost()
    assert "<b>x</b>" not in ada.get("/activity").content.decode()
    with bind_tenant(acme):
        for _ in range(EVENTS_PER_PAGE):
            record_event(None, "published", subject_id=acme.id, subject="x")
    after, shown = cost("2")
    assert ("Page 2 of 2" in shown, before) == (True, after)


def test_no_tenant_reads_anothers_activity(acme, globex, people, ada, otto):
    asked_visit(otto, acme)
    eve = browser_at("globex.example", new_session(people["eve"], globex))
    for path in ("/activity", "/visits"):
        assert "Otto" in text_of(ada.get(path))
        assert "Otto" not in text_of(eve.get(path))


# --- the agency's history


@pytest.mark.parametrize("name", ["olga", "otto"])
def test_owners_and_operators_read_the_history(name, acme, people, otto):
    asked_visit(otto, acme)
    page = text_of(
        browser_at(settings.AGENCY_HOST, new_session(people[name], None)).get("/history")
    )
    assert ("visit asked" in page, REASON in page, "Acme" in page) == (True, True, True)


def test_the_history_is_paged(acme, agency, otto):
    assert "Nothing was written down yet" in text_of(agency.get("/history"))
    asked_visit(otto, acme)
    AuditEvent.objects.bulk_create(AuditEvent(action="x", tenant=acme) for _ in range(50))
    assert "Page 2 of 2" in text_of(agency.get("/history", {"page": "9"}))
