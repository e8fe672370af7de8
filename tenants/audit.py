"""The agency's own history: who did what, at which tenant."""

from uuid import UUID

from tenants.models import AuditEvent, Tenant


def agency_audited(
    actor_id: UUID | None,
    actor_name: str,
    action: str,
    *,
    tenant: Tenant | None = None,
    detail: str = "",
) -> AuditEvent:
    """Write down what somebody of the agency did; nobody's id is the command line's. One INSERT.

    It belongs into the transaction that does it.
    """
    return AuditEvent.objects.create(
        actor_id=actor_id, actor_name=actor_name, action=action, tenant=tenant, detail=detail
    )
