"""The tenant's own history: who did what. Kept when its subject is gone, so it refers to nothing."""

from uuid import UUID

from django.db import models

from media_core.rows import TenantModel
from tenants.people.identity import Member


class AuditEvent(TenantModel):
    """Somebody did something in this tenant. Only its admins read it."""

    at = models.DateTimeField(auto_now_add=True)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=200, default="")
    action = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True)
    subject = models.CharField(max_length=200, default="")
    detail = models.TextField(default="")

    class Meta(TenantModel.Meta):
        ordering = ["-at", "id"]
        indexes = [models.Index(fields=["-at", "id"], name="audit_event_newest")]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.subject}"


def record_event(
    actor: Member | None, action: str, *, subject_id: UUID, subject: str, detail: str = ""
) -> AuditEvent:
    """Write down what this member, or with None the command line, did. One INSERT, in the caller's transaction."""
    event: AuditEvent = AuditEvent.objects.create(
        actor_id=actor.person_id if actor else None,
        actor_name=actor.name if actor else "the agency",
        action=action,
        subject_id=subject_id,
        subject=subject[:200],
        detail=detail,
    )
    return event
