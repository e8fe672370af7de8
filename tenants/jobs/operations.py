"""Request, pause, resume and cancel operations. A tenant has one open operation of each kind at most.

Each change of state is one conditional UPDATE: when two people act at once, one succeeds and the other gets an error.
The work itself is done by a job of the same name (tenants/jobs/operation_steps.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.dateformat import format as format_date

from tenants.errors import NotFound, OperationRefused
from tenants.jobs.job_status import count_workers
from tenants.jobs.models import JobState
from tenants.jobs.operation_models import Operation, OperationEvent
from tenants.jobs.queue import forget_failures, request_job
from tenants.models import Tenant

Action, State = OperationEvent.Action, Operation.State

# How many characters of an id people must type at least.
REFERENCE_CHARACTERS = 8
ID_CHARACTERS = 32
# A command that works on an operation needs no worker, and writes after each object. An object takes about a second.
SILENT_SECONDS = 10
# A worker's step takes five seconds.
IDLE_SECONDS = 60
NO_WORKER = "No worker is running. To start one: manage.py worker"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person of the agency, or the command line, who acts on an operation."""

    id: UUID | None = None
    name: str = ""


COMMAND_LINE = Actor()


def request_operation(
    kind: str,
    tenant: Tenant,
    *,
    parameters: Mapping[str, Any] | None = None,
    actor: Actor = COMMAND_LINE,
) -> Operation:
    """Return the tenant's open operation of this kind. Create one when there is none.

    Raises OperationRefused when the open one has other parameters. Six statements.
    """
    parameters = dict(parameters or {})
    with transaction.atomic():
        operation = _get_or_create_open(kind, tenant, parameters, actor)
        if operation.parameters != parameters:
            raise OperationRefused(
                f"Operation {operation.reference} is open ({operation.get_state_display()}) with other parameters: "
                f"wait until it has ended, or run `manage.py operations cancel {operation.reference}` first."
            )
        if operation.is_moving:
            _request_job_of(operation)
    return operation


def _get_or_create_open(
    kind: str, tenant: Tenant, parameters: dict[str, Any], actor: Actor
) -> Operation:
    while True:
        new = Operation(
            kind=kind,
            tenant=tenant,
            parameters=parameters,
            requested_by_id=actor.id,
            requested_by_name=actor.name[:120],
        )
        # The constraint decides. An INSERT that was ignored returns no row, so it is read.
        Operation.objects.bulk_create([new], ignore_conflicts=True)
        found = Operation.objects.open().filter(tenant=tenant, kind=kind).first()
        if found is None:
            # It ended between the two statements.
            continue
        if found.pk == new.pk:
            log_event(found, Action.REQUESTED, actor)
        return found


def pause(operation: Operation, *, actor: Actor = COMMAND_LINE) -> None:
    """Stop it after the object that is under way. Raises OperationRefused unless it waits or runs."""
    _change(operation, [State.QUEUED, State.RUNNING], Action.PAUSED, actor, state=State.PAUSED)


def resume(operation: Operation, *, actor: Actor = COMMAND_LINE) -> None:
    """Continue it where it stopped. Raises OperationRefused unless it is paused."""
    with transaction.atomic():
        _change(operation, [State.PAUSED], Action.RESUMED, actor, state=State.QUEUED)
        _request_job_of(operation)


def _request_job_of(operation: Operation) -> None:
    """Let a worker continue now, even when failures have delayed the job: a person asks. Two statements."""
    request_job(operation.kind, operation.tenant_id)
    forget_failures(operation.kind, operation.tenant_id)


def cancel(operation: Operation, *, actor: Actor = COMMAND_LINE) -> None:
    """End it after the object that is under way. What is done stays done. Raises OperationRefused when it has ended."""
    after = {"state": State.CANCELLED, "ended_at": timezone.now()}
    _change(operation, Operation.OPEN, Action.CANCELLED, actor, **after)


def cancel_open(kind: str, tenant: Tenant) -> None:
    """Cancel the tenant's open operation of this kind, if there is one."""
    for operation in Operation.objects.open().filter(tenant=tenant, kind=kind):
        try:
            cancel(operation)
        except OperationRefused:
            # It has ended meanwhile.
            continue


def _change(
    operation: Operation,
    before: Iterable[Operation.State],
    action: OperationEvent.Action,
    actor: Actor,
    **after: Any,
) -> None:
    """Change the row when it is in one of these states, and log the action. Two statements."""
    rows = Operation.objects.filter(pk=operation.pk)
    with transaction.atomic():
        changed = rows.filter(state__in=before).update(updated_at=timezone.now(), **after)
        if changed:
            log_event(operation, action, actor)
    operation.refresh_from_db()
    if not changed:
        raise OperationRefused(_explain_refusal(operation, action))


def _explain_refusal(operation: Operation, action: OperationEvent.Action) -> str:
    name, state = f"Operation {operation.reference}", operation.get_state_display()
    if operation.state == action:
        return f"{name} is already {state}."
    if operation.is_open:
        return f"{name} is not paused, it is {state}: there is nothing to resume."
    return f"{name} has ended ({state}): it cannot be {action.label}."


def log_event(
    operation: Operation,
    action: OperationEvent.Action,
    actor: Actor = COMMAND_LINE,
    *,
    error_code: str = "",
    object_id: UUID | None = None,
) -> None:
    """Add an entry to its log. One INSERT."""
    OperationEvent.objects.create(
        operation=operation,
        action=action,
        actor_name=actor.name[:120],
        error_code=error_code,
        object_id=object_id,
    )


def needs_worker(operation: Operation) -> bool:
    """Return whether an operation that should move waits for a worker, and none is running. One query at most."""
    if not operation.is_moving:
        return False
    is_waiting = (
        operation.state == State.QUEUED or _compute_idle_seconds(operation) > SILENT_SECONDS
    )
    return is_waiting and count_workers() == 0


def list_problems(operation: Operation) -> list[str]:
    """Return in sentences why an operation that should move does not, and what to do. Two queries at most."""
    problems = [NO_WORKER] if needs_worker(operation) else []
    if job := find_failing_job(operation):
        failed = "failed" if problems else "failed and is tried again by itself"
        problems.append(f"The last step {failed}: {job.error_message or job.error_code}")
    elif not problems and operation.is_moving and _compute_idle_seconds(operation) > IDLE_SECONDS:
        since = format_date(operation.updated_at, "j M Y, H:i:s")
        problems.append(
            f"Nothing has moved since {since} UTC. The workers may be busy with other jobs: manage.py jobs list"
        )
    return problems


def _compute_idle_seconds(operation: Operation) -> float:
    return (timezone.now() - operation.updated_at).total_seconds()


def find_failing_job(operation: Operation) -> JobState | None:
    """Return the state of its job when the last step of an open operation failed as a whole. One query at most."""
    if not operation.is_moving:
        return None
    failing = JobState.objects.failing()
    return failing.filter(kind=operation.kind, tenant=operation.tenant_id).first()


def find_operation(reference: str | UUID) -> Operation:
    """Return the operation with this id, or whose id begins so. Raises NotFound or OperationRefused. One query."""
    first, last = _parse_id_range(str(reference).replace("-", "").lower())
    found = list(
        Operation.objects.select_related("tenant")
        .filter(pk__range=(first, last))
        .order_by("pk")[:2]
    )
    if not found:
        raise NotFound(f"{reference}: `manage.py operations list` shows the operations.")
    if len(found) > 1:
        raise OperationRefused(f"Several ids begin with {reference}: give more characters.")
    return found[0]


def _parse_id_range(digits: str) -> tuple[UUID, UUID]:
    if not REFERENCE_CHARACTERS <= len(digits) <= ID_CHARACTERS:
        raise NotFound(f"{digits}: give the id, or its first {REFERENCE_CHARACTERS} characters.")
    try:
        return UUID(digits.ljust(ID_CHARACTERS, "0")), UUID(digits.ljust(ID_CHARACTERS, "f"))
    except ValueError as error:
        raise NotFound(f"{digits} is not part of an id.") from error
