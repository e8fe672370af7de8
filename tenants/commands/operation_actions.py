"""manage.py operations list, show, pause, resume, cancel."""

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any

from tenants.commands.base import Actions, PlainCommand, RunAction, add_group
from tenants.commands.operation_progress import describe_progress, follow_operation
from tenants.commands.tenant_references import format_tenant
from tenants.commands.text_tables import format_table
from tenants.jobs.operation_kinds import find_title
from tenants.jobs.operation_models import Operation, OperationEvent, OperationQuerySet
from tenants.jobs.operations import (
    NO_WORKER,
    cancel,
    find_operation,
    list_problems,
    needs_worker,
    pause,
    resume,
)
from tenants.jobs.progress import Progress, format_duration

DEFAULT_LIMIT = 50
MAX_LIMIT = 1_000_000
# How many of the newest log entries are shown.
LOG_LIMIT = 20
EXAMPLES = """\
examples:
  manage.py operations list --open
  manage.py operations list --limit 200
  manage.py operations show 1f0c2a9e --follow
  manage.py operations pause 1f0c2a9e
  manage.py operations resume 1f0c2a9e
  manage.py operations cancel 1f0c2a9e

ID is the id of an operation, or its first 8 characters. Other commands start operations, such as
manage.py tenant move-storage."""


def add_operation_actions(actions: Actions) -> None:
    listing = _add_action(actions, "list", list_operations, "List operations, the newest first.")
    listing.add_argument("--open", action="store_true", help="only those that have not ended")
    listing.add_argument(
        "--limit", type=_parse_limit, metavar="N",
        help=f"the newest N; by default {DEFAULT_LIMIT}, and with --json all of them",
    )  # fmt: skip
    listing.add_argument("--json", action="store_true", help="print a JSON array")
    showing = _add_action_on_one(
        actions, "show", show_operation, "Show the progress of an operation, and its log."
    )
    showing.add_argument("--json", action="store_true", help="print a JSON object")
    showing.add_argument(
        "--follow",
        action="store_true",
        help="show the progress until it has ended; a worker does the work",
    )
    _add_action_on_one(
        actions, "pause", pause_operation, "Stop an operation after the object that is under way."
    )
    _add_action_on_one(
        actions, "resume", resume_operation,
        "Let a paused operation go on where it stopped. A worker does it.",
    )  # fmt: skip
    _add_action_on_one(
        actions, "cancel", cancel_operation,
        "End an operation. What is done stays done, the rest stays as it is.",
    )  # fmt: skip


def _add_action(actions: Actions, name: str, run: RunAction, summary: str) -> ArgumentParser:
    parser = add_group(actions, name, summary=summary, examples=EXAMPLES)
    parser.set_defaults(run=run)
    return parser


def _add_action_on_one(actions: Actions, name: str, run: RunAction, summary: str) -> ArgumentParser:
    parser = _add_action(actions, name, run, summary)
    parser.add_argument("operation", metavar="ID", help="its id, or the first 8 characters of it")
    return parser


def _parse_limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_LIMIT:
        raise ArgumentTypeError(f"{text} is not a number from 1 to {MAX_LIMIT:,}")
    return int(text)


def list_operations(command: PlainCommand, asked: Namespace) -> None:
    operations = Operation.objects.select_related("tenant")
    if asked.open:
        operations = operations.open()
    limit = asked.limit if asked.json else asked.limit or DEFAULT_LIMIT
    newest = list(operations[:limit])
    if asked.json:
        command.stdout.write(_format_json([_describe(operation) for operation in newest]))
    elif newest:
        titles = ("ID", "WHAT", "TENANT", "STATE", "DONE", "ASKED FOR")
        command.stdout.write(format_table(titles, *map(_format_cells, newest)))
    else:
        command.stdout.write(
            "No operation is open." if asked.open else "There is no operation yet."
        )
    if len(newest) == limit:
        _report_limit(command, operations, limit)


def _report_limit(command: PlainCommand, operations: OperationQuerySet, limit: int) -> None:
    total = operations.count()
    if total > limit:
        command.stderr.write(
            f"Showing the newest {limit:,} of {total:,}. See more with --limit.", style_func=str
        )


def _format_cells(operation: Operation) -> tuple[str, ...]:
    return (
        operation.reference,
        find_title(operation.kind, operation.parameters),
        operation.tenant.location_prefix,
        operation.get_state_display(),
        Progress.from_operation(operation).counts,
        operation.created_at.isoformat(timespec="seconds"),
    )


def show_operation(command: PlainCommand, asked: Namespace) -> None:
    operation = find_operation(asked.operation)
    if asked.json:
        command.stdout.write(_format_json(_describe(operation)))
        return
    command.stdout.write(
        f"{find_title(operation.kind, operation.parameters)}, {format_tenant(operation.tenant)}: "
        f"{operation.get_state_display()}"
    )
    if asked.follow:
        follow_operation(command, operation, works=False)
        lines = _describe_end(operation)
    else:
        lines = [
            describe_progress(operation),
            f"worked on for {format_duration(operation.worked_seconds)}",
            *list_problems(operation),
            *_describe_end(operation),
            *map(_format_event, operation.events.all()[:LOG_LIMIT]),
        ]
    for line in lines:
        command.stdout.write(f"  {line}")


def _describe_end(operation: Operation) -> list[str]:
    progress = Progress.from_operation(operation)
    if operation.state == Operation.State.CANCELLED:
        return [progress.cancellation]
    if operation.state == Operation.State.FAILED:
        return [f"{progress.failures} Run its command again to try once more."]
    return []


def _format_event(event: OperationEvent) -> str:
    actor = f" by {event.actor_name}" if event.actor_name else ""
    failure = f": {event.object_id} {event.error_code}" if event.error_code else ""
    return f"{event.at.isoformat(timespec='seconds')}  {event.get_action_display()}{actor}{failure}"


def _describe(operation: Operation) -> dict[str, Any]:
    progress = Progress.from_operation(operation)
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


def _format_json(facts: Any) -> str:
    return json.dumps(facts, indent=2, ensure_ascii=False)


def pause_operation(command: PlainCommand, asked: Namespace) -> None:
    operation = find_operation(asked.operation)
    pause(operation)
    command.stdout.write(
        f"Paused {operation.reference}. Next: manage.py operations resume {operation.reference}"
    )


def resume_operation(command: PlainCommand, asked: Namespace) -> None:
    operation = find_operation(asked.operation)
    resume(operation)
    command.stdout.write(f"{operation.reference} goes on as soon as a worker is free.")
    if needs_worker(operation):
        command.stdout.write(NO_WORKER)


def cancel_operation(command: PlainCommand, asked: Namespace) -> None:
    operation = find_operation(asked.operation)
    cancel(operation)
    command.stdout.write(
        f"Cancelled {operation.reference}. {Progress.from_operation(operation).cancellation}"
    )
