"""manage.py jobs: how the work beside the requests stands."""

from argparse import Namespace

from django.core.management.base import CommandError, CommandParser

from tenants.commands.base import PlainCommand, add_action, add_actions
from tenants.commands.references import REFERENCE_HELP, called
from tenants.commands.tables import table
from tenants.jobs.kinds import list_kinds
from tenants.jobs.models import JobState
from tenants.jobs.overview import KindStatus, count_workers, list_statuses
from tenants.jobs.queue import forget_failures, request_job
from tenants.provisioning import find_tenant

SHOWN_FAILURES = 20


class Command(PlainCommand):
    help = "See how the jobs of the worker stand, or have one run now."
    examples = """\
examples:
  manage.py jobs list
  manage.py jobs run sweep acme/"""

    def add_arguments(self, parser: CommandParser) -> None:
        actions = add_actions(parser)
        add_action(
            actions,
            list_,
            summary="List the kinds of jobs. Exit code 1: one fails or is overdue, or no worker runs.",
            examples="example:\n  manage.py jobs list",
        )
        run = add_action(
            actions,
            run_,
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


def list_(command: PlainCommand, _asked: Namespace) -> None:
    statuses, workers = list_statuses(), count_workers()
    rows = [_row_of(status) for status in statuses]
    command.stdout.write(table(("JOB", "STATE", "LAST FINISHED", "TOOK", "WAITING"), *rows))
    failing = JobState.objects.failing().select_related("tenant").order_by("-failed_at")
    for state in failing[:SHOWN_FAILURES]:
        whose = called(state.tenant) if state.tenant else "the agency"
        command.stderr.write(f"{state.kind}, {whose}: {state.error_message or state.error_code}")
    if not workers:
        raise CommandError("No worker is running: start `manage.py worker`.")
    if unwell := [status.kind.name for status in statuses if not status.is_well]:
        raise CommandError(f"Failing or overdue: {', '.join(unwell)}.")


def _row_of(status: KindStatus) -> tuple[str, ...]:
    states = [
        f"{word} for {count} of {status.tenants}" if status.kind.for_each_tenant else word
        for word, count in (("failing", status.failing), ("overdue", status.overdue))
        if count
    ]
    at, took = status.ended_at, status.longest_seconds
    return (
        status.kind.name,
        ", ".join(states) or ("OK" if at else "not run yet"),
        f"{at:%Y-%m-%d %H:%M} UTC" if at else "-",
        f"{took:.1f} s" if took is not None else "-",
        str(status.waiting),
    )


def run_(command: PlainCommand, asked: Namespace) -> None:
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
    tenant = find_tenant(asked.tenant) if asked.tenant else None
    tenant_id = tenant.id if tenant else None
    request_job(kind.name, tenant_id)
    # Somebody has looked: what waits after failures need not wait longer.
    forget_failures(kind.name, tenant_id)
    whose = f" for {called(tenant)}" if tenant else ""
    if not count_workers():
        raise CommandError(
            f"{kind.name}{whose} waits, and no worker is running: start `manage.py worker`."
        )
    command.stdout.write(f"The worker does {kind.name}{whose} next.")
