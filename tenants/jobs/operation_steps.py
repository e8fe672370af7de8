"""One step of an operation: work on objects until time is up, none is left, or a person pauses or cancels it.

One UPDATE per object counts the last object, stores the position of the next one, and reads whether to go on. So the
position is stored before the object is touched: after a kill, the next step repeats this object and counts it once.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from tenants.binding import bound_tenant, try_lock_tenant
from tenants.errors import GatewayError
from tenants.jobs.kinds import JobKind, JobStep
from tenants.jobs.operation_kinds import (
    OperationItem,
    OperationKind,
    OperationWork,
    register_operation,
)
from tenants.jobs.operation_models import Operation, OperationEvent
from tenants.jobs.operations import cancel_open, log_event
from tenants.jobs.queue import request_job
from tenants.jobs.tasks import declare_job

Action, State = OperationEvent.Action, Operation.State

# The cursor after the last object.
END = "end"
# How long the job waits while other work holds the lock of the tenant.
BUSY_DELAY = timedelta(seconds=1)
# After this many objects in a row for which the storage did not answer, the step fails.
OUTAGE_OBJECTS = 10

SAVE_PROGRESS = """
UPDATE public.jobs_operation SET
    done_objects = done_objects + %(done)s, done_bytes = done_bytes + %(done_bytes)s,
    failed_objects = failed_objects + %(failed)s,
    total_objects = greatest(total_objects - %(left)s, done_objects + failed_objects + %(done)s + %(failed)s),
    total_bytes = greatest(total_bytes - %(left_bytes)s, done_bytes + %(done_bytes)s),
    cursor = %(cursor)s, worked_seconds = worked_seconds + %(seconds)s, updated_at = clock_timestamp()
WHERE id = %(id)s RETURNING state
"""


def declare_operation(kind: OperationKind) -> None:
    """Register a kind of operation, and the job that works on it."""
    register_operation(kind)
    job = JobKind(
        name=kind.name,
        summary=kind.summary,
        for_each_tenant=True,
        # Mail goes first: people wait for a mail, and not for one step of an operation.
        priority=-1,
        # It is tried until it has ended or a person cancels it.
        gives_up=False,
    )
    declare_job(job)(partial(run_operation_step, kind))


def run_operation_step(kind: OperationKind, step: JobStep) -> str | None:
    """Run a step of the bound tenant's open operation of this kind; return None when it has ended or is paused.

    Raises GatewayError when it cannot work at the moment.
    """
    tenant = bound_tenant()
    operation = Operation.objects.open().filter(tenant=tenant, kind=kind.name).first()
    if operation is None or operation.state == State.PAUSED:
        return None
    with try_lock_tenant() as is_ours:
        if is_ours:
            return OperationRun(operation, kind.work(operation.parameters), step).run()
    request_job(kind.name, tenant.id, at=timezone.now() + BUSY_DELAY)
    return None


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """The outcome of one object: done, failed with an error, or gone."""

    item: OperationItem
    error: GatewayError | None = None
    is_gone: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Return the parameters that it adds to SAVE."""
        is_done, size_bytes = not (self.error or self.is_gone), self.item.size_bytes
        return {
            "done": int(is_done), "done_bytes": size_bytes * is_done, "failed": int(bool(self.error)),
            "left": int(self.is_gone), "left_bytes": size_bytes * self.is_gone,
        }  # fmt: skip


NO_COUNTS = {"done": 0, "done_bytes": 0, "failed": 0, "left": 0, "left_bytes": 0}


class OperationRun:
    """One step of one operation: at least one object. The lock of its job prevents a second step at the same time."""

    def __init__(self, operation: Operation, work: OperationWork, step: JobStep) -> None:
        self.operation = operation
        self.work = work
        self.step = step
        self._saved_at = monotonic()
        self._attempts = 0
        # How many of the last objects in a row got no answer.
        self._unanswered = 0

    def run(self) -> str | None:
        if not self.work.is_wanted():
            cancel_open(self.operation.kind, self.operation.tenant)
            return None
        self.work.begin()
        if not self._start():
            return None
        return self._work_on_items()

    def _start(self) -> bool:
        """Set the state to running, and the first time the totals; return whether it runs."""
        if self.operation.state == State.RUNNING:
            return True
        after = {"state": State.RUNNING, "updated_at": timezone.now()}
        if self.operation.started_at is None:
            amount = self.work.count()
            after |= {"started_at": timezone.now()}
            after |= {"total_objects": amount.objects, "total_bytes": amount.size_bytes}
        with transaction.atomic():
            rows = Operation.objects.filter(pk=self.operation.pk, state=State.QUEUED)
            if not rows.update(**after):
                return False
            if self.operation.started_at is None:
                log_event(self.operation, Action.STARTED)
        return True

    def _work_on_items(self) -> str | None:
        outcome = None
        if self.operation.cursor != END:
            for item in self.work.iterate(self.operation.cursor):
                if not self._save(outcome, item.position):
                    return None
                self._raise_in_an_outage(outcome)
                if self._attempts and not self.step.has_time():
                    return item.position
                outcome = self._work_on(item)
        if not self._save(outcome, END):
            return None
        self.work.finish()
        self._end()
        return None

    def _work_on(self, item: OperationItem) -> ItemOutcome:
        self._attempts += 1
        try:
            is_gone = not self.work.work_on(item)
        except GatewayError as error:
            is_unanswered = error.status == HTTPStatus.SERVICE_UNAVAILABLE
            self._unanswered = self._unanswered + 1 if is_unanswered else 0
            return ItemOutcome(item, error)
        self._unanswered = 0
        return ItemOutcome(item, is_gone=is_gone)

    def _raise_in_an_outage(self, outcome: ItemOutcome | None) -> None:
        """Fail the step when the storage does not answer. The job then waits longer each time."""
        is_outage = self._unanswered == self._attempts and not self.step.has_time()
        is_outage = is_outage or self._unanswered >= OUTAGE_OBJECTS
        if is_outage and outcome and outcome.error:
            raise outcome.error

    def _save(self, outcome: ItemOutcome | None, cursor: str) -> bool:
        """Count an object and store the next position; return whether to go on. One statement, two after a failure."""
        now = monotonic()
        seconds, self._saved_at = now - self._saved_at, now
        counts = outcome.counts if outcome else NO_COUNTS
        parameters: dict[str, Any] = {
            **counts,
            "cursor": cursor,
            "seconds": seconds,
            "id": self.operation.pk,
        }
        with transaction.atomic(), connection.cursor() as database:
            if outcome and outcome.error:
                code, object_id = outcome.error.code, outcome.item.object_id
                log_event(
                    self.operation, Action.OBJECT_FAILED, error_code=code, object_id=object_id
                )
            database.execute(SAVE_PROGRESS, parameters)
            (state,) = database.fetchone()
        return bool(state == State.RUNNING)

    def _end(self) -> None:
        """End it, unless a person has just paused or cancelled it. Set the totals to what was done and what failed."""
        rows = Operation.objects.filter(pk=self.operation.pk, state=State.RUNNING)
        now = timezone.now()
        after = {
            "total_objects": F("done_objects") + F("failed_objects"), "ended_at": now, "updated_at": now,
        }  # fmt: skip
        with transaction.atomic():
            ended = rows.filter(failed_objects=0).update(
                state=State.DONE, total_bytes=F("done_bytes"), **after
            )
            if ended or rows.update(state=State.FAILED, **after):
                log_event(self.operation, Action.ENDED)
