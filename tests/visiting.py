"""Agency staff on their way into a tenant, as their browsers go it."""

import re
from html import unescape
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from media_core.visits import flow
from tenants.binding import bind_agency
from tenants.models import Tenant
from tenants.people.identity import Staff
from tenants.people.models import AgencyRole, Person
from tenants.people.visit_models import Visit
from tests.conftest import browser_at, new_session
from tests.walk import asked

AGENCY_ORIGIN = f"https://{settings.AGENCY_HOST}"
REASON = "Ticket 4711: the logo is upside down"


def staff(person: Person) -> Staff:
    return Staff(person.id, person.name, frozenset(["operator"]))


def asked_visit(person: Person, tenant: Tenant, *, may_write: bool = False) -> Visit:
    """Return a visit that was asked for, in whatever state the tenant's wish for consent gives it."""
    with bind_agency():
        fresh = flow.find_tenant_to_enter(tenant.id)
        return flow.ask_to_enter(
            operator=staff(person), tenant=fresh, reason=REASON, may_write=may_write
        )


def ticket_of(visit: Visit) -> str:
    """Return a new ticket of the visit, as the agency's page holds it."""
    client = browser_at(settings.AGENCY_HOST, new_session(visit.person, None))
    answer = client.post(f"/visits/{visit.id}/ticket")
    assert answer.status_code == 200, answer.content
    found = re.search(r'name="ticket" value="([^"]+)"', answer.content.decode())
    assert found
    return found[1]


def show_ticket(client: Client, ticket: str, **given: Any) -> HttpResponse:
    """Show a ticket to the host that the browser is at, coming from the agency's page."""
    headers = {"origin": AGENCY_ORIGIN, **given.pop("headers", {})}
    return asked(client, "post", "/visit", data={"ticket": ticket}, headers=headers, **given)


def entered(visit: Visit, client: Client | None = None) -> Client:
    """Return a browser at the tenant's host in which the visit goes on."""
    client = client or browser_at(visit.tenant.domains.get(is_primary=True).domain)
    answer = show_ticket(client, ticket_of(visit))
    assert answer.status_code == 302, answer.content
    return client


def visiting(person: Person, tenant: Tenant, *, may_write: bool = False) -> Client:
    """Return a browser in which this person visits the tenant."""
    return entered(asked_visit(person, tenant, may_write=may_write))


def is_in(client: Client) -> bool:
    """Return whether the tenant's start page is shown, and not the way to sign-in."""
    return client.get("/").status_code == 200


def change(visit: Visit, **values: Any) -> None:
    assert Visit.objects.filter(pk=visit.pk).update(**values)


def remove_operator(visit: Visit) -> None:
    """Take the role away from somebody who has another one from now on, while a colleague is an operator."""
    roles = AgencyRole.objects.filter(role="operator")
    assert roles.filter(person=visit.person).update(role="finance")
    colleague = AgencyRole.objects.filter(role="owner").exclude(person=visit.person_id)[0].person
    roles.get_or_create(person=colleague, role="operator")


def deactivate(visit: Visit) -> None:
    Person.objects.filter(pk=visit.person_id).update(is_active=False)


def change_password(visit: Visit) -> None:
    Person.objects.filter(pk=visit.person_id).update(password="!changed")


def stop_serving(visit: Visit) -> None:
    Tenant.objects.filter(pk=visit.tenant_id).update(status="suspended")


def text_of(answer: Any) -> str:
    """Return the page as it was written, without HTML's entities."""
    return unescape(str(answer.content, "utf-8"))
