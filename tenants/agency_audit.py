"""The agency's own history: who did what, at the agency or, for it, at a tenant."""

from uuid import UUID

from tenants.models import AuditEvent, Tenant


def record_agency_event(
    actor_id: UUID | None,
    actor_name: str,
    action: str,
    *,
    tenant: Tenant | None = None,
    detail: str = "",
) -> AuditEvent:
    """Write down what somebody, or without an id the command line, did. One INSERT, in the caller's transaction."""
    return AuditEvent.objects.create(
        actor_id=actor_id,
        actor_name=actor_name[:120],
        action=action,
        tenant=tenant,
        detail=detail,
    )
