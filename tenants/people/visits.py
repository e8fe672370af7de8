"""How agency staff enter a tenant: asked for with a reason, entered once by a ticket, ended by whoever may.

Each change is one conditional UPDATE, so of two at once one wins. Who may, and both histories, are the callers' part.
"""

import hashlib
import secrets
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils import timezone

from tenants.binding import bound_tenant
from tenants.errors import NotFound, VisitRefused
from tenants.models import Tenant
from tenants.names import clean_reason
from tenants.people.identity import Member, Staff
from tenants.people.sessions import VISIT_KEY
from tenants.people.visit_models import (
    TICKET_LIFETIME,
    VISIT_LIFETIME,
    Visit,
    VisitQuerySet,
)


def find_visit(visit_id: UUID, *, tenant: Tenant) -> Visit:
    """Return a visit to this tenant; one to another is NotFound, as if it did not exist. One query."""
    found = Visit.objects.filter(pk=visit_id, tenant=tenant).select_related("tenant").first()
    if found is None:
        raise NotFound
    return found


def find_own_visit(visit_id: UUID, *, operator: Staff) -> Visit:
    """Return a visit of this operator; a colleague's is NotFound. One query."""
    own = Visit.objects.filter(pk=visit_id, person=operator.person_id)
    found = own.select_related("tenant").first()
    if found is None:
        raise NotFound
    return found


def request_visit(*, operator: Staff, tenant: Tenant, reason: str, may_write: bool) -> Visit:
    """Return a new visit. It waits for consent when the tenant wants to be asked. Raises NameRefused."""
    consent = Visit.Consent.WAITING if tenant.requires_consent else Visit.Consent.NOT_NEEDED
    return Visit.objects.create(
        person_id=operator.person_id,
        person_name=operator.name,
        tenant=tenant,
        reason=clean_reason(reason),
        may_write=may_write,
        consent=consent,
    )


def consent_to_visit(visit: Visit, *, admin: Member) -> None:
    """Agree to a visit that waits. Nobody agrees to their own. One UPDATE; raises VisitRefused."""
    _change(
        Visit.objects.waiting().exclude(person_id=admin.person_id).filter(pk=visit.pk),
        consent=Visit.Consent.GIVEN,
        consent_by_id=admin.person_id,
        consent_by_name=admin.name[:120],
    )


def refuse_visit(visit: Visit, *, admin: Member) -> None:
    """Refuse a visit, or take back what was agreed to. It ends at once. One UPDATE; raises VisitRefused."""
    _change(
        Visit.objects.not_over().filter(pk=visit.pk),
        consent=Visit.Consent.REFUSED,
        consent_by_id=admin.person_id,
        consent_by_name=admin.name[:120],
        left_at=timezone.now(),
        ended_by=admin.name,
    )


def end_visit(visit: Visit, *, by: str) -> None:
    """End a visit, or take back a request for one. One UPDATE; raises VisitRefused when it is over already."""
    _change(Visit.objects.not_over().filter(pk=visit.pk), left_at=timezone.now(), ended_by=by)


def issue_ticket(visit: Visit) -> str:
    """Return a ticket to enter with: a secret of 30 seconds, for one visit, used up by the first who shows it.

    Only its digest is stored. An older ticket of the visit is worth nothing from now on. One UPDATE; raises
    VisitRefused when the visit may not be entered.
    """
    ticket = secrets.token_urlsafe(32)
    _change(
        Visit.objects.enterable().filter(pk=visit.pk),
        ticket_hash=_hash_ticket(ticket),
        ticket_expires_at=timezone.now() + TICKET_LIFETIME,
    )
    return ticket


def redeem_ticket(ticket: str, *, tenant: Tenant) -> Visit:
    """Return the visit that this ticket opens in this tenant, entered now. Of two at once exactly one enters.

    Whatever is wrong with the ticket, it is NotFound. One UPDATE and one query.
    """
    now = timezone.now()
    shown = Visit.objects.filter(ticket_hash=_hash_ticket(ticket), tenant=tenant)
    fresh = shown.enterable().filter(ticket_expires_at__gt=now)
    if not fresh.update(entered_at=now, ends_at=now + VISIT_LIFETIME):
        raise NotFound
    return shown.select_related("person", "tenant").get()


def start_session(request: HttpRequest, visit: Visit) -> None:
    """Sign the visitor in for this visit. Whoever's session the browser had on this host is over."""
    session = request.session
    session.flush()
    session[SESSION_KEY] = str(visit.person_id)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = visit.person.get_session_auth_hash()
    session[VISIT_KEY] = str(visit.id)
    session.set_expiry(visit.ends_at)
    session.save()
    rotate_token(request)


def may_still_write(visit_id: UUID, person_id: UUID) -> bool:
    """Return whether this visit goes on and may change documents: asked again when the bytes are there. One query."""
    mine = Visit.objects.under_way().filter(pk=visit_id, person=person_id, may_write=True)
    return mine.filter(tenant=bound_tenant().id).exists()


def _change(visits: VisitQuerySet, **values: Any) -> None:
    if not visits.update(**values):
        raise VisitRefused


def _hash_ticket(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
