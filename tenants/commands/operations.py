"""manage.py operations list, show, pause, resume, cancel."""

import json
from argparse import ArgumentParser, Namespace
from typing import Any

from tenants.commands.base import Actions, PlainCommand, Run, add_action
from tenants.commands.following import describe_progress, follow
from tenants.commands.references import called
from tenants.commands.tables import table
from tenants.jobs.operation_kinds import operation_title
from tenants.jobs.operation_models import Operation, OperationEvent
from tenants.jobs.operations import cancel, failing_job, find_operation, pause, resume
from tenants.jobs.progress import Progress, human_duration

LISTED = 50
# The newest lines of a log.
LOGGED = 20
EXAMPLES = """\
examples:
  manage.py operations list --open
  manage.py operations show 1f0c2a9e --follow
  manage.py operations pause 1f0c2a9e
  manage.py operations resume 1f0c2a9e
  manage.py operations cancel 1f0c2a9e

REF is the id of an operation, or its first 8 characters. Operations are begun by other commands, such as
manage.py tenant move-storage."""


def add_operation_actions(actions: Actions) -> None:
    listing = add_action(
        actions, list_, summary="List operations, the newest first.", examples=EXAMPLES
    )
    listing.add_argument("--open", action="store_true", help="only those that have not ended")
    listing.add_argument("--json", action="store_true", help="print a JSON array")
    showing = _add(actions, show, "Show how far an operation is, and its log.")
    showing.add_argument("--json", action="store_true", help="print a JSON object")
    showing.add_argument(
        "--follow", action="store_true", help="until it has ended; works on nothing"
    )
    _add(actions, pause_, "Let an operation stop after the object that is under way.")
    _add(actions, resume_, "Let a paused operation go on where it was. A worker does it.")
    _add(actions, cancel_, "End an operation. What is done stays done, the rest stays as it is.")


def _add(actions: Actions, run: Run, summary: str) -> ArgumentParser:
    parser = add_action(actions, run, summary=summary, examples=EXAMPLES)
    parser.add_argument("operation", metavar="REF", help="its id, or the first 8 characters of it")
    return parser


def list_(command: PlainCommand, asked: Namespace) -> None:
    found = Operation.objects.select_related("tenant")
    found = (found.open() if asked.open else found)[:LISTED]
    if asked.json:
        command.stdout.write(_json([_facts(operation) for operation in found]))
    elif found:
        titles = ("REF", "WHAT", "TENANT", "STATE", "DONE", "ASKED FOR")
        command.stdout.write(table(titles, *map(_cells, found)))
    else:
        command.stdout.write(
            "No operation is open." if asked.open else "There is no operation yet."
        )


def _cells(operation: Operation) -> tuple[str, ...]:
    return (
        operation.reference,
        operation_title(operation.kind, operation.parameters),
        operation.tenant.location_prefix,
        operation.get_state_display(),
        Progress.of(operation).counts,
        operation.created_at.isoformat(timespec="seconds"),
    )


def show(command: PlainCommand, asked: Namespace) -> None:
    operation = find_operation(asked.operation)
    if asked.json:
        command.stdout.write(_json(_facts(operation)))
        return
    command.stdout.write(
        f"{operation_title(operation.kind, operation.parameters)}, {called(operation.tenant)}: "
        f"{operation.get_state_display()}"
    )
    if asked.follow:
        follow(command, operation, works=False)
        return
    command.stdout.write(f"  {describe_progress(operation)}")
    command.stdout.write(f"  worked on for {human_duration(operation.worked_seconds)}")
    if state := failing_job(operation):
        why = state.error_message or state.error_code
        command.stdout.write(f"  the last step failed and is tried again: {why}")
    for event in operation.events.all()[:LOGGED]:
        command.stdout.write(f"  {_line(event)}")


def _line(event: OperationEvent) -> str:
    actor = f" by {event.actor_name}" if event.actor_name else ""
    failure = f": {event.object_id} {event.error_code}" if event.error_code else ""
    return f"{event.at.isoformat(timespec='seconds')}  {event.get_action_display()}{actor}{failure}"


def _facts(operation: Operation) -> dict[str, Any]:
    progress = Progress.of(operation)
    return {
        "id": str(operation.id),
        "kind": operation.kind,
        "parameters": operation.parameters,
        "tenant": operation.tenant.location_prefix,
        "state": operation.state,
        "done_objects": operation.done_objects,
        "total_objects": operation.total_objects,
        "failed_objects": operation.failed_objects,
        "done_bytes": operation.done_bytes,
        "total_bytes": operation.total_bytes,
        "bytes_per_second": progress.bytes_per_second,
        "seconds_left": progress.seconds_left,
        "worked_seconds": round(operation.worked_seconds, 3),
        "requested_by": operation.requested_by_name,
        "created_at": operation.created_at.isoformat(timespec="seconds"),
        "ended_at": operation.ended_at and operation.ended_at.isoformat(timespec="seconds"),
    }


def _json(facts: Any) -> str:
    return json.dumps(facts, indent=2, ensure_ascii=False)


def pause_(command: PlainCommand, asked: Namespace) -> None:
    operation = find_operation(asked.operation)
    pause(operation)
    command.stdout.write(
        f"Paused {operation.reference}. Next: manage.py operations resume {operation.reference}"
    )


def resume_(command: PlainCommand, asked: Namespace) -> None:
    operation = find_operation(asked.operation)
    resume(operation)
    command.stdout.write(f"{operation.reference} goes on as soon as a worker is free.")


def cancel_(command: PlainCommand, asked: Namespace) -> None:
    operation = find_operation(asked.operation)
    cancel(operation)
    command.stdout.write(
        f"Cancelled {operation.reference}: {Progress.of(operation).counts}. What is done stays done."
    )
