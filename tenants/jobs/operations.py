"""Long work that people ask for: one open operation for each tenant and kind, which they pause, resume and cancel.

Whatever changes the state is one conditional UPDATE, so of two people at once one comes first and the other is told.
The work itself is done by a job of the same name (tenants/jobs/operation_steps.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from tenants.errors import NotFound, OperationRefused
from tenants.jobs.models import JobState
from tenants.jobs.operation_models import Operation, OperationEvent
from tenants.jobs.queue import forget_failures, request_job
from tenants.models import Tenant

Action, State = OperationEvent.Action, Operation.State

# As many characters of an id as people type.
REFERENCE_CHARACTERS = 8
ID_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for something: somebody of the agency, or the command line."""

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
    """Return the tenant's open operation of this kind: a new one, or the one that was asked for before.

    Raises OperationRefused when that one was asked for with other parameters. Six statements.
    """
    wanted = dict(parameters or {})
    with transaction.atomic():
        operation = _open_operation(kind, tenant, wanted, actor)
        if operation.parameters != wanted:
            raise OperationRefused(
                f"{operation.reference} is {operation.get_state_display()} with other parameters: "
                f"wait for its end, or `manage.py operations cancel {operation.reference}` first."
            )
        if operation.is_moving:
            _request_its_job(operation)
    return operation


def _open_operation(
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
        # The constraint decides. Nothing is returned by an INSERT that was ignored, so the row is asked for.
        Operation.objects.bulk_create([new], ignore_conflicts=True)
        found = Operation.objects.open().filter(tenant=tenant, kind=kind).first()
        if found is None:
            # It came to its end between the two statements.
            continue
        if found.pk == new.pk:
            log(found, Action.REQUESTED, actor)
        return found


def pause(operation: Operation, *, actor: Actor = COMMAND_LINE) -> None:
    """Let it stop after the object that is under way. Raises OperationRefused unless it waits or runs."""
    _change(operation, [State.QUEUED, State.RUNNING], Action.PAUSED, actor, state=State.PAUSED)


def resume(operation: Operation, *, actor: Actor = COMMAND_LINE) -> None:
    """Let it go on where it was. Raises OperationRefused unless it is paused."""
    with transaction.atomic():
        _change(operation, [State.PAUSED], Action.RESUMED, actor, state=State.QUEUED)
        _request_its_job(operation)


def _request_its_job(operation: Operation) -> None:
    """Have a worker go on with it now, also where it would wait after failures: a person asks. Two statements."""
    request_job(operation.kind, operation.tenant_id)
    forget_failures(operation.kind, operation.tenant_id)


def cancel(operation: Operation, *, actor: Actor = COMMAND_LINE) -> None:
    """End it after the object that is under way: what is done stays done. Raises OperationRefused after its end."""
    after = {"state": State.CANCELLED, "ended_at": timezone.now()}
    _change(operation, Operation.OPEN, Action.CANCELLED, actor, **after)


def cancel_open(kind: str, tenant: Tenant) -> None:
    """Cancel the tenant's open operation of this kind, if there is one."""
    for operation in Operation.objects.open().filter(tenant=tenant, kind=kind):
        try:
            cancel(operation)
        except OperationRefused:
            # It came to its end by itself.
            continue


def _change(
    operation: Operation,
    before: Iterable[Operation.State],
    action: OperationEvent.Action,
    actor: Actor,
    **after: Any,
) -> None:
    """Change the row when it is in one of these states, and write it down. Two statements."""
    rows = Operation.objects.filter(pk=operation.pk)
    with transaction.atomic():
        changed = rows.filter(state__in=before).update(updated_at=timezone.now(), **after)
        if changed:
            log(operation, action, actor)
    operation.refresh_from_db()
    if not changed:
        raise OperationRefused(
            f"{operation.reference} is {operation.get_state_display()}, so it cannot be {action.label}."
        )


def log(
    operation: Operation,
    action: OperationEvent.Action,
    actor: Actor = COMMAND_LINE,
    *,
    error_code: str = "",
    object_id: UUID | None = None,
) -> None:
    """Add a line to its log. One INSERT."""
    OperationEvent.objects.create(
        operation=operation,
        action=action,
        actor_name=actor.name[:120],
        error_code=error_code,
        object_id=object_id,
    )


def failing_job(operation: Operation) -> JobState | None:
    """Return how its job stands when the last step of an open operation failed as a whole. One query at most."""
    if not operation.is_moving:
        return None
    failing = JobState.objects.failing()
    return failing.filter(kind=operation.kind, tenant=operation.tenant_id).first()


def find_operation(reference: str | UUID) -> Operation:
    """Return the operation with this id, or whose id begins so. Raises NotFound or OperationRefused. One query."""
    first, last = _ids_that_begin(str(reference).replace("-", "").lower())
    found = list(
        Operation.objects.select_related("tenant")
        .filter(pk__range=(first, last))
        .order_by("pk")[:2]
    )
    if not found:
        raise NotFound(f"{reference}: `manage.py operations list` shows all of them.")
    if len(found) > 1:
        raise OperationRefused(f"{reference} fits several operations: give more of the id.")
    return found[0]


def _ids_that_begin(digits: str) -> tuple[UUID, UUID]:
    if not REFERENCE_CHARACTERS <= len(digits) <= ID_CHARACTERS:
        raise NotFound(f"{digits}: give the id, or its first {REFERENCE_CHARACTERS} characters.")
    try:
        return UUID(digits.ljust(ID_CHARACTERS, "0")), UUID(digits.ljust(ID_CHARACTERS, "f"))
    except ValueError as error:
        raise NotFound(f"{digits} is no part of an id.") from error
