"""Agency staff in a tenant, step by step: each step is one transaction over the visit and both histories."""

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest

from media_core.audit.models import audited
from media_core.documents.permissions import Admin
from tenants.audit import agency_audited
from tenants.binding import bind_tenant, bound_tenant
from tenants.errors import NotFound, TenantSuspended
from tenants.models import Tenant
from tenants.people import visits
from tenants.people.identity import Member, Staff, visitor
from tenants.people.mails import queue_visit_mail
from tenants.people.visit_models import Visit
from tenants.provisioning import set_requires_consent


def find_tenant_to_enter(tenant_id: UUID) -> Tenant:
    """Return a tenant that is served; raise NotFound, or TenantSuspended. One query."""
    tenant: Tenant | None = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is None:
        raise NotFound
    if not tenant.served:
        raise TenantSuspended
    return tenant


def ask_to_enter(*, operator: Staff, tenant: Tenant, reason: str, may_write: bool) -> Visit:
    """Return a new visit, which waits for an admin's consent when the tenant wants that; its admins get a mail.

    Raises NameRefused.
    """
    with transaction.atomic():
        visit = visits.visit_asked(
            operator=operator, tenant=tenant, reason=reason, may_write=may_write
        )
        _audited_twice(visit, "visit asked", by=visitor(visit), detail=terms_of(visit))
        queue_visit_mail("visit_asked", visit)
    return visit


def terms_of(visit: Visit) -> str:
    """Return in one line how far the visitor may go, and why.

    >>> terms_of(Visit(reason="Logo is upside down", may_write=False))
    'read-only: Logo is upside down'
    """
    return f"{'may change documents' if visit.may_write else 'read-only'}: {visit.reason}"


def ticket_for(visit_id: UUID, *, operator: Staff) -> tuple[Visit, str]:
    """Return the operator's own visit and a new ticket for it. Raises NotFound or VisitRefused."""
    visit = visits.find_own_visit(visit_id, operator=operator)
    return visit, visits.new_ticket(visit)


def enter(request: HttpRequest, ticket: str) -> Visit:
    """Use the ticket up and sign its holder in on the bound tenant's host: all of it, or nothing. Raises NotFound.

    The tenant's admins get a mail.
    """
    with transaction.atomic():
        visit = visits.redeem(ticket, tenant=bound_tenant())
        visits.start_session(request, visit)
        _audited_twice(visit, "visit entered", by=visitor(visit), detail=terms_of(visit))
        queue_visit_mail("visit_begun", visit)
    return visit


def agree(visit_id: UUID, *, admin: Admin) -> Visit:
    """Agree to a visit of the bound tenant that waits. Raises NotFound or VisitRefused."""
    with transaction.atomic():
        visit = visits.find_visit(visit_id, tenant=bound_tenant())
        visits.consent_to(visit, admin=admin)
        _audited_twice(visit, "visit agreed to", by=admin, detail=terms_of(visit))
    return visit


def refuse(visit_id: UUID, *, admin: Admin) -> Visit:
    """Refuse a visit of the bound tenant, or take consent back: it ends at once. Raises NotFound or VisitRefused."""
    with transaction.atomic():
        visit = visits.find_visit(visit_id, tenant=bound_tenant())
        visits.refuse(visit, admin=admin)
        _audited_twice(visit, "visit refused", by=admin)
    return visit


def end(visit: Visit, *, by: Member | None) -> None:
    """End a visit, or take a request back; None is the command line. Raises VisitRefused when it is over already."""
    with transaction.atomic():
        visits.end(visit, by=by.name if by else "the agency")
        _audited_twice(visit, "visit ended", by=by)


def end_here(visit_id: UUID, *, admin: Admin) -> Visit:
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


def require_consent(*, admin: Admin, required: bool) -> bool:
    """Say whether agency staff need an admin's consent to enter the bound tenant; return whether that is new."""
    tenant = bound_tenant()
    action = "consent to visits required" if required else "consent to visits not required"
    with transaction.atomic():
        changed = set_requires_consent(tenant, required=required)
        if changed:
            agency_audited(admin.person_id, admin.name, action, tenant=tenant)
            audited(admin, action, subject_id=tenant.id, subject=tenant.name)
    return changed


def _audited_twice(visit: Visit, action: str, *, by: Member | None, detail: str = "") -> None:
    """Write it into the agency's history and the tenant's: both read the same."""
    actor_id, actor_name = (by.person_id, by.name) if by else (None, "the agency")
    agency_audited(actor_id, actor_name, action, tenant=visit.tenant, detail=detail)
    with bind_tenant(visit.tenant, even_suspended=True):
        audited(by, action, subject_id=visit.id, subject=visit.visitor, detail=detail)
