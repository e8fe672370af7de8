"""The one page that leads to another host: where to, and what of it is kept."""

import pytest
from django.conf import settings

from tenants.provisioning import add_domain, make_domain_primary
from tests.conftest import browser_at, new_session
from tests.visiting import asked_visit, text_of

pytestmark = pytest.mark.django_db


def test_the_tickets_page_sends_forms_to_the_tenant_only_and_is_kept_nowhere(agency, acme, otto):
    answer = agency.post(f"/visits/{asked_visit(otto, acme).id}/ticket")
    policy = answer.headers["Content-Security-Policy"]
    assert "form-action https://acme.example;" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    # "same-origin" would make browsers send "Origin: null", and no-one could enter.
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert text_of(answer).count("<form") == 1


def test_the_ticket_goes_to_the_primary_host(agency, acme, otto):
    add_domain(acme, "files.acme.example", active=True)
    make_domain_primary(acme, "files.acme.example")
    page = text_of(agency.post(f"/visits/{asked_visit(otto, acme).id}/ticket"))
    assert 'action="https://files.acme.example/visit"' in page


def test_without_an_active_host_there_is_no_way(agency, acme, otto):
    visit = asked_visit(otto, acme)
    acme.domains.update(state="pending")
    answer = agency.post(f"/visits/{visit.id}/ticket")
    assert (answer.status_code, b"ticket" in answer.content) == (400, False)


@pytest.mark.parametrize(
    "given",
    [
        {"HTTP_HOST": f"{settings.AGENCY_HOST}:8443"},
        {"HTTP_X_FORWARDED_HOST": "evil.example"},
        {"HTTP_ORIGIN": f"https://{settings.AGENCY_HOST}"},
        {"SCRIPT_NAME": "//evil.example"},
        {"HTTP_HOST": f"{settings.AGENCY_HOST.upper()}."},
    ],
)
def test_nothing_of_the_request_says_where_the_ticket_goes(given, acme, otto):
    key = new_session(otto, None)
    client = browser_at(settings.AGENCY_HOST, key)
    page = client.post(f"/visits/{asked_visit(otto, acme).id}/ticket", **given)
    assert 'action="https://acme.example/visit"' in text_of(page)


def test_without_https_the_port_of_the_request_is_part_of_the_address(acme, otto, settings):
    settings.HTTPS_ONLY = settings.SECURE_SSL_REDIRECT = False
    client = browser_at(f"{settings.AGENCY_HOST}:8000", new_session(otto, None))
    client.defaults.pop("HTTP_X_FORWARDED_PROTO")
    page = text_of(client.post(f"/visits/{asked_visit(otto, acme).id}/ticket"))
    assert 'action="http://acme.example:8000/visit"' in page
