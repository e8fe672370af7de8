"""How each kind of job stands for each tenant, and the mail that waits. The public schema: no title, no file name."""

import uuid
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from tenants.jobs.operation_models import Operation, OperationEvent
from tenants.models import Tenant

__all__ = ["JobState", "Mail", "Operation", "OperationEvent"]

# A mail that the server does not take is tried so often, after pauses that double: eight and a half hours in all.
FIRST_PAUSE = timedelta(minutes=1)
MAX_ATTEMPTS = 10
# What could not be sent by then says nothing to anybody any more.
WAITING_LIFETIME = timedelta(days=3)
# How long a mail that was sent, or failed, stays to be looked at.
MAIL_KEPT = timedelta(days=7)
# The error code of a mail that waited too long.
EXPIRED = "Expired"


class JobStateQuerySet(models.QuerySet["JobState"]):
    def failing(self) -> Self:
        """Those whose last attempt failed."""
        return self.filter(failures__gt=0)


class JobState(models.Model):
    """How a kind of job stands for one tenant, or for the agency: one row each, written at the end of each step.

    A pass is what a job does from nothing to the end; it may take many steps. `cursor` is where the next step goes on.
    """

    key = models.CharField(primary_key=True, max_length=140)
    kind = models.CharField(max_length=100)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, related_name="+")
    cursor = models.TextField(default="")
    # The pass that is under way, or the last one; none yet.
    started_at = models.DateTimeField(null=True)
    worked_seconds = models.FloatField(default=0)
    # The last pass that came to its end.
    ended_at = models.DateTimeField(null=True)
    ended_seconds = models.FloatField(null=True)
    # Of kinds that run by themselves.
    due_at = models.DateTimeField(null=True)
    overdue_at = models.DateTimeField(null=True)
    # Attempts that failed since one went well, and what the last one ended with: the error's code and its sentence.
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=100, default="")
    error_message = models.TextField(default="")

    objects = JobStateQuerySet.as_manager()

    class Meta:
        ordering = ["key"]
        indexes = [
            models.Index(fields=["kind", "due_at"], name="jobstate_due"),
            models.Index(
                fields=["kind", "-failed_at"],
                condition=models.Q(failures__gt=0),
                name="jobstate_failing",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def is_overdue(self) -> bool:
        """Whether it should have run long ago."""
        return self.overdue_at is not None and self.overdue_at < timezone.now()

    def delete(self, *_args: Any, **_kwargs: Any) -> Any:
        raise TypeError("The state of a job is overwritten, not deleted.")


class MailQuerySet(models.QuerySet["Mail"]):
    def of_tenant(self, tenant_id: UUID | None) -> Self:
        """The mail of a tenant, or of the agency."""
        return self.filter(tenant=tenant_id)

    def waiting(self) -> Self:
        """What is neither sent nor given up."""
        return self.filter(sent_at=None, failed_at=None)

    def due(self) -> Self:
        """What is to be sent now."""
        return self.waiting().filter(due_at__lte=timezone.now())

    def failed(self) -> Self:
        """What was given up."""
        return self.filter(failed_at__isnull=False)

    def removable(self) -> Self:
        """What was sent or given up long ago."""
        long_ago = timezone.now() - MAIL_KEPT
        return self.filter(Q(sent_at__lt=long_ago) | Q(failed_at__lt=long_ago))

    def expire(self) -> int:
        """Give up what waits for too long or was tried too often; return how many. One UPDATE."""
        now = timezone.now()
        is_old = Q(created_at__lt=now - WAITING_LIFETIME)
        is_tried = Q(attempts__gte=MAX_ATTEMPTS, due_at__lte=now)
        code = Case(When(error_code="", then=Value(EXPIRED)), default=F("error_code"))
        return self.waiting().filter(is_old | is_tried).update(failed_at=now, error_code=code)


class Mail(models.Model):
    """A mail that waits, was sent, or was given up: which template, to whom, about what. Never a text, link or secret.

    What it says is looked up when it is sent, so nothing is mailed to who has left by then.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Empty for the agency's own.
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    template = models.CharField(max_length=100)
    # As it was typed, in lower case: nobody may belong to it.
    address = models.TextField()
    # Ids of rows that the template tells of.
    parameters = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    # What the last attempt ended with: the mail server's code, or what happened here.
    error_code = models.CharField(max_length=100, default="")

    objects = MailQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [
            models.Index(
                fields=["tenant", "due_at"],
                condition=Q(sent_at=None, failed_at=None),
                name="mail_waiting",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="mail_ends_once", condition=Q(sent_at=None) | Q(failed_at=None)
            )
        ]

    def __str__(self) -> str:
        return self.template

    def claim(self) -> bool:
        """Count an attempt and put the next one off; return whether the mail was still due. One UPDATE."""
        pause = FIRST_PAUSE * 2 ** min(self.attempts, MAX_ATTEMPTS)
        due = Mail.objects.due().filter(pk=self.pk, attempts=self.attempts)
        is_ours = due.update(attempts=self.attempts + 1, due_at=timezone.now() + pause)
        self.attempts += is_ours
        return bool(is_ours)

    def release(self, *, pause: timedelta) -> None:
        """Count the attempt no more: the server went away, perhaps for reasons of its own. One UPDATE.

        With a pause the others are sent meanwhile: this mail may have made the server go away.
        """
        self._change(attempts=self.attempts - 1, due_at=timezone.now() + pause)

    def mark_sent(self) -> None:
        """Write down that the server took it. One UPDATE."""
        self._change(sent_at=timezone.now(), error_code="")

    def mark_refused(self, code: str, *, is_final: bool) -> None:
        """Write down why the server did not take it; give it up when that is final, or was the last try. One UPDATE."""
        is_over = is_final or self.attempts >= MAX_ATTEMPTS
        self._change(error_code=code, failed_at=timezone.now() if is_over else None)

    def _change(self, **values: Any) -> None:
        """Change the row, as long as nobody else has claimed it since."""
        Mail.objects.waiting().filter(pk=self.pk, attempts=self.attempts).update(**values)
