"""Agency staff in a tenant, step by step: each step is one transaction over the visit and both histories."""

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest

from media_core.audit.models import record_event
from media_core.documents.permissions import Admin
from tenants.agency_audit import record_agency_event
from tenants.binding import bind_tenant, bound_tenant
from tenants.errors import NotFound, TenantSuspended
from tenants.models import Tenant
from tenants.people import visits
from tenants.people.identity import Member, Staff, make_visitor
from tenants.people.visit_mail import queue_visit_mail
from tenants.people.visit_models import Visit
from tenants.provisioning import set_requires_consent


def find_tenant_to_enter(tenant_id: UUID) -> Tenant:
    """Return a tenant that is served; raise NotFound, or TenantSuspended. One query."""
    tenant: Tenant | None = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is None:
        raise NotFound
    if not tenant.is_served:
        raise TenantSuspended
    return tenant


def ask_to_enter(*, operator: Staff, tenant: Tenant, reason: str, may_write: bool) -> Visit:
    """Return a new visit, which waits for an admin's consent when the tenant wants that; its admins get a mail.

    Raises NameRefused.
    """
    with transaction.atomic():
        visit = visits.request_visit(
            operator=operator, tenant=tenant, reason=reason, may_write=may_write
        )
        _record_events(visit, "visit asked", by=make_visitor(visit), detail=format_terms(visit))
        queue_visit_mail("visit_asked", visit)
    return visit


def format_terms(visit: Visit) -> str:
    """Return in one line how far the visitor may go, and why.

    >>> format_terms(Visit(reason="Logo is upside down", may_write=False))
    'read-only: Logo is upside down'
    """
    return f"{'may change documents' if visit.may_write else 'read-only'}: {visit.reason}"


def issue_ticket(visit_id: UUID, *, operator: Staff) -> tuple[Visit, str]:
    """Return the operator's own visit and a new ticket for it. Raises NotFound or VisitRefused."""
    visit = visits.find_own_visit(visit_id, operator=operator)
    return visit, visits.issue_ticket(visit)


def enter(request: HttpRequest, ticket: str) -> Visit:
    """Use the ticket up and sign its holder in on the bound tenant's host: all of it, or nothing. Raises NotFound.

    The tenant's admins get a mail.
    """
    with transaction.atomic():
        visit = visits.redeem_ticket(ticket, tenant=bound_tenant())
        visits.start_session(request, visit)
        _record_events(visit, "visit entered", by=make_visitor(visit), detail=format_terms(visit))
        queue_visit_mail("visit_begun", visit)
    return visit


def agree(visit_id: UUID, *, admin: Admin) -> Visit:
    """Agree to a visit of the bound tenant that waits. Raises NotFound or VisitRefused."""
    with transaction.atomic():
        visit = visits.find_visit(visit_id, tenant=bound_tenant())
        visits.consent_to_visit(visit, admin=admin)
        _record_events(visit, "visit agreed to", by=admin, detail=format_terms(visit))
    return visit


def refuse(visit_id: UUID, *, admin: Admin) -> Visit:
    """Refuse a visit of the bound tenant, or take consent back: it ends at once. Raises NotFound or VisitRefused."""
    with transaction.atomic():
        visit = visits.find_visit(visit_id, tenant=bound_tenant())
        visits.refuse_visit(visit, admin=admin)
        _record_events(visit, "visit refused", by=admin)
    return visit


def end(visit: Visit, *, by: Member | None) -> None:
    """End a visit, or take a request back; None is the command line. Raises VisitRefused when it is over already."""
    with transaction.atomic():
        visits.end_visit(visit, by=by.name if by else "the agency")
        _record_events(visit, "visit ended", by=by)


def end_by_admin(visit_id: UUID, *, admin: Admin) -> Visit:
    """End a visit of the bound tenant. Raises NotFound or VisitRefused."""
    visit = visits.find_visit(visit_id, tenant=bound_tenant())
    end(visit, by=admin)
    return visit


def leave(visiting: Member) -> Visit:
    """End the visit that this member is on. Raises NotFound for somebody who belongs to the tenant."""
    if visiting.visit is None:
        raise NotFound
    visit = visits.find_visit(visiting.visit.id, tenant=bound_tenant())
    end(visit, by=visiting)
    return visit


def set_consent_required(*, admin: Admin, required: bool) -> bool:
    """Say whether agency staff need an admin's consent to enter the bound tenant; return whether that is new."""
    tenant = bound_tenant()
    action = "consent to visits required" if required else "consent to visits not required"
    with transaction.atomic():
        changed = set_requires_consent(tenant, required=required)
        if changed:
            record_agency_event(admin.person_id, admin.name, action, tenant=tenant)
            record_event(admin, action, subject_id=tenant.id, subject=tenant.name)
    return changed


def _record_events(visit: Visit, action: str, *, by: Member | None, detail: str = "") -> None:
    """Write it into the agency's history and the tenant's: both read the same."""
    actor_id, actor_name = (by.person_id, by.name) if by else (None, "the agency")
    record_agency_event(actor_id, actor_name, action, tenant=visit.tenant, detail=detail)
    with bind_tenant(visit.tenant, even_suspended=True):
        record_event(by, action, subject_id=visit.id, subject=visit.visitor, detail=detail)
