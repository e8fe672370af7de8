"""manage.py jobs: how the work beside the requests stands."""

import json
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet

from tenants.commands.base import PlainCommand, add_action, add_actions
from tenants.commands.tenant_references import REFERENCE_HELP, format_tenant
from tenants.commands.text_tables import format_table
from tenants.jobs.job_status import (
    KindStatus,
    count_workers,
    describe_failure,
    find_failing,
    find_overdue,
    list_statuses,
)
from tenants.jobs.kinds import JobKind, list_kinds
from tenants.jobs.models import JobState
from tenants.jobs.operation_kinds import is_operation
from tenants.jobs.operation_models import Operation
from tenants.jobs.queue import forget_failures, request_job
from tenants.models import Tenant
from tenants.provisioning import find_tenant

# So many tenants that fail are named, and so many that are overdue.
MAX_LISTED_TENANTS = 20


class Command(PlainCommand):
    help = "See how the jobs of the worker stand, or have one run now."
    examples = """\
examples:
  manage.py jobs list
  manage.py jobs run sweep acme/"""

    def add_arguments(self, parser: CommandParser) -> None:
        actions = add_actions(parser)
        listing = add_action(
            actions,
            list_jobs,
            name="list",
            summary="List the kinds of jobs. Exit code 1: one fails or is overdue, or no worker runs.",
            examples="examples:\n  manage.py jobs list\n  manage.py jobs list --json | jq '.failing[].tenant'",
        )
        listing.add_argument("--json", action="store_true", help="print a JSON object")
        run = add_action(
            actions,
            run_job,
            name="run",
            summary="Have the worker do a job now.",
            examples="examples:\n  manage.py jobs run bucket_doctor\n  manage.py jobs run sweep acme/",
        )
        run.add_argument("kind", metavar="JOB", help="its name, as `jobs list` shows it")
        run.add_argument(
            "tenant",
            metavar="REF",
            nargs="?",
            help=f"{REFERENCE_HELP}, where there is one for each",
        )
        run.add_argument(
            "--agency", action="store_true", help="for the agency instead of a tenant: its own mail"
        )


# --- list


def list_jobs(command: PlainCommand, asked: Namespace) -> None:
    statuses, workers = list_statuses(), count_workers()
    if asked.json:
        facts = build_report(statuses, workers)
        command.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        rows = [_format_cells(status) for status in statuses]
        command.stdout.write(
            format_table(("JOB", "STATE", "LAST FINISHED", "TOOK", "WAITING"), *rows)
        )
        _write_tenants(command, find_failing(), _describe_failing)
        _write_tenants(command, find_overdue().filter(failures=0), _describe_overdue)
    if not workers:
        raise CommandError("No worker is running: start `manage.py worker`.")
    if unwell := [status.kind.name for status in statuses if not status.is_well]:
        raise CommandError(f"Failing or overdue: {', '.join(unwell)}.")


def _format_cells(status: KindStatus) -> tuple[str, ...]:
    states = [
        f"{word} for {count} of {status.tenants}" if status.kind.for_each_tenant else word
        for word, count in (("failing", status.failing), ("overdue", status.overdue))
        if count
    ]
    at, took = status.ended_at, status.longest_seconds
    return (
        status.kind.name,
        ", ".join(states) or ("OK" if at else "not run yet"),
        _format_minute(at) if at else "-",
        f"{took:.1f} s" if took is not None else "-",
        str(status.waiting),
    )


def _format_minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _write_tenants(
    command: PlainCommand, states: QuerySet[JobState], describe: Callable[[JobState], str]
) -> None:
    """Write a line for each of the first, and say how many there are besides. Two queries."""
    for state in states[:MAX_LISTED_TENANTS]:
        whose = format_tenant(state.tenant) if state.tenant else "the agency"
        command.stderr.write(f"{state.kind}, {whose}: {describe(state)}")
    if (others := states.count() - MAX_LISTED_TENANTS) > 0:
        command.stderr.write(f"… and {others} more: the page Jobs shows all of them.")


def _describe_failing(state: JobState) -> str:
    said = describe_failure(state)
    if not state.error_message:
        said += f" The worker's log has the details: look for {state.key}."
    if state.is_overdue and state.overdue_at:
        said += f" Overdue since {_format_minute(state.overdue_at)}."
    return said


def _describe_overdue(state: JobState) -> str:
    return f"overdue since {_format_minute(state.overdue_at)}" if state.overdue_at else "overdue"


def build_report(statuses: list[KindStatus], workers: int) -> dict[str, Any]:
    """Return what --json prints: every kind, and all tenants for which one fails or is overdue. Two queries."""
    return {
        "workers": workers,
        "kinds": [
            {
                "kind": status.kind.name,
                "tenants": status.tenants,
                "failing": status.failing,
                "overdue": status.overdue,
                "waiting": status.waiting,
                "ended_at": _format_timestamp(status.ended_at),
                "longest_seconds": status.longest_seconds,
            }
            for status in statuses
        ],
        "failing": [
            {
                **_describe_job(state),
                "failures": state.failures,
                "failed_at": _format_timestamp(state.failed_at),
                "error_code": state.error_code,
                "error_message": state.error_message,
            }
            for state in find_failing()
        ],
        "overdue": [
            {**_describe_job(state), "overdue_since": _format_timestamp(state.overdue_at)}
            for state in find_overdue()
        ],
    }


def _describe_job(state: JobState) -> dict[str, str | None]:
    """Return a job's key, kind and tenant; the tenant is null for the agency's."""
    prefix = state.tenant.location_prefix if state.tenant else None
    return {"job": state.key, "kind": state.kind, "tenant": prefix}


def _format_timestamp(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


# --- run


def run_job(command: PlainCommand, asked: Namespace) -> None:
    kind = find_asked_kind(asked)
    tenant = find_tenant(asked.tenant) if asked.tenant else None
    if tenant and is_operation(kind.name):
        require_moving_operation(kind, tenant)
    tenant_id = tenant.id if tenant else None
    request_job(kind.name, tenant_id)
    # Somebody has looked: what waits after failures need not wait longer.
    forget_failures(kind.name, tenant_id)
    whose = f" for {format_tenant(tenant)}" if tenant else ""
    if not count_workers():
        raise CommandError(
            f"{kind.name}{whose} waits, and no worker is running: start `manage.py worker`."
        )
    command.stdout.write(f"The worker does {kind.name}{whose} next.")


def find_asked_kind(asked: Namespace) -> JobKind:
    """Return the kind that JOB names. Raises CommandError for none, and where a tenant is missing or too many."""
    kind = next((kind for kind in list_kinds() if kind.name == asked.kind), None)
    if kind is None:
        names = ", ".join(kind.name for kind in list_kinds())
        raise CommandError(f"There is no job named {asked.kind}. There are: {names}.")
    if asked.agency and not kind.is_for_agency_too:
        raise CommandError(f"{kind.name} does not run for the agency: leave --agency out.")
    if kind.for_each_tenant != (bool(asked.tenant) or asked.agency):
        wanted = (
            "runs for one tenant: name it"
            if kind.for_each_tenant
            else "does not run for a tenant: leave REF out"
        )
        raise CommandError(f"{kind.name} {wanted}.")
    return kind


def require_moving_operation(kind: JobKind, tenant: Tenant) -> None:
    """Raise CommandError unless the tenant has an operation of this kind that a worker can go on with. One query."""
    operation = Operation.objects.open().filter(kind=kind.name, tenant=tenant).first()
    if operation is None:
        raise CommandError(
            f"{format_tenant(tenant)} has no open operation {kind.name}. Operations are begun by commands of "
            "their own, such as `manage.py tenant move-storage`."
        )
    if operation.state == Operation.State.PAUSED:
        raise CommandError(
            f"{kind.name} for {format_tenant(tenant)} is paused: "
            f"`manage.py operations resume {operation.reference}` lets it go on."
        )
