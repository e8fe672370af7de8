"""The rows of operations and their logs. They lie in the public schema, so they hold counts and ids, never a title."""

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import F, Q

from tenants.errors import find_error
from tenants.models import Tenant


class OperationQuerySet(models.QuerySet["Operation"]):
    def open(self) -> Self:
        """Those that have not ended: they wait, run or are paused."""
        return self.filter(state__in=Operation.OPEN)


class Operation(models.Model):
    """One long piece of work for one tenant: from the moment it was asked for to its end.

    queued → running → done, or failed when something of it failed. Paused and queued again on the way, or cancelled.
    Each step is one conditional UPDATE. A tenant has one open operation of each kind at most.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "waiting"
        RUNNING = "running", "running"
        PAUSED = "paused", "paused"
        CANCELLED = "cancelled", "cancelled"
        DONE = "done", "done"
        FAILED = "failed", "failed in part"

    OPEN = (State.QUEUED, State.RUNNING, State.PAUSED)
    MOVING = (State.QUEUED, State.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=100)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    # Counted when it starts, and corrected when objects come or go meanwhile.
    total_objects = models.PositiveBigIntegerField(default=0)
    total_bytes = models.PositiveBigIntegerField(default=0)
    done_objects = models.PositiveBigIntegerField(default=0)
    done_bytes = models.PositiveBigIntegerField(default=0)
    failed_objects = models.PositiveBigIntegerField(default=0)
    # The position of the object that is under way or comes next. The format is that of the kind of operation.
    cursor = models.CharField(max_length=100, default="")
    # The person who asked for it; empty for the command line.
    requested_by_id = models.UUIDField(null=True)
    requested_by_name = models.CharField(max_length=120, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    worked_seconds = models.FloatField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["-created_at", "id"], name="operation_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind"],
                condition=Q(state__in=["queued", "running", "paused"]),
                name="operation_one_open",
            ),
            models.CheckConstraint(
                name="operation_state_has_times",
                condition=Q(state__in=["queued", "paused"], ended_at=None)
                | Q(state="running", started_at__isnull=False, ended_at=None)
                | Q(state="cancelled", ended_at__isnull=False)
                | Q(state__in=["done", "failed"], started_at__isnull=False, ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="operation_counts_within_totals",
                condition=Q(
                    total_objects__gte=F("done_objects") + F("failed_objects"),
                    total_bytes__gte=F("done_bytes"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"

    def delete(self, *_args: Any, **_kwargs: Any) -> Any:
        raise TypeError("An operation ends; its row stays.")

    @property
    def reference(self) -> str:
        """The first characters of its id: enough to find it, and short enough to type."""
        return str(self.id)[:8]

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_moving(self) -> bool:
        """Whether its numbers change by themselves."""
        return self.state in self.MOVING


class OperationEvent(models.Model):
    """A line of an operation's log: what somebody did, or an object that failed. Never a title or a file name."""

    class Action(models.TextChoices):
        REQUESTED = "requested", "asked for"
        STARTED = "started", "started"
        PAUSED = "paused", "paused"
        RESUMED = "resumed", "resumed"
        CANCELLED = "cancelled", "cancelled"
        OBJECT_FAILED = "object_failed", "an object failed"
        ENDED = "ended", "came to its end"

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    action = models.CharField(max_length=20, choices=Action)
    # Of an object that failed: the name of the error, and the object's id in its tenant's tables.
    error_code = models.CharField(max_length=100, default="")
    object_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=120, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["operation", "-id"], name="operation_log")]

    def __str__(self) -> str:
        return f"{self.action} {self.error_code}".strip()

    @property
    def sentence(self) -> str:
        """The public sentence of its error; the error's name when this version of the code does not know it."""
        error = find_error(self.error_code)
        return error().message if error else self.error_code
