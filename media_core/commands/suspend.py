"""manage.py tenant suspend and resume."""

from argparse import Namespace
from dataclasses import dataclass

from django.core.management.base import CommandError

from media_core.documents.models import Document
from media_core.upkeep.app_takedown import bring_files_back, list_taken_down
from media_core.upkeep.operations import TAKE_DOWN
from media_core.upkeep.takedown import (
    Progress,
    PublicCounts,
    TakedownResult,
    bring_all_back,
    count_listed_public,
    count_public,
    has_live_links,
    list_documents_taken_down,
)
from tenants.binding import bind_tenant, lock_tenant
from tenants.commands.base import Actions, PlainCommand, add_action, is_interactive
from tenants.commands.operation_progress import follow_operation, write_background_notice
from tenants.commands.tenant_actions import CACHE_NOTE
from tenants.commands.tenant_references import add_reference, find_referenced_tenant, format_tenant
from tenants.errors import GatewayError
from tenants.jobs.operation_models import Operation
from tenants.jobs.operations import cancel_open, request_operation
from tenants.models import Tenant
from tenants.provisioning import get_longest_link_seconds, resume_tenant, suspend_tenant
from tenants.schemas.problems import find_schema_problem, require_schema
from tenants.sizes import format_size

# How often a long run says how far it is.
PROGRESS_EVERY = 25


def add_suspend(actions: Actions) -> None:
    parser = add_action(
        actions,
        suspend_,
        summary="Stop serving a tenant. Everything it has is kept.",
        examples="""\
examples:
  manage.py tenant suspend acme/ --dry-run
  manage.py tenant suspend acme/ --yes
  manage.py tenant suspend acme/ --take-down
  manage.py tenant suspend acme/ --take-down --background

Members read a page saying that the site is suspended, everybody else finds nothing there. Public
objects stay where they are, unless --take-down moves them. That is an operation: manage.py operations
shows, pauses and cancels it, and Ctrl-C leaves it to a worker. What failed is tried again when it is
run again; exit code 1 says that something is left.""",
    )
    add_reference(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask, also at a terminal")
    parser.add_argument(
        "--dry-run", action="store_true", help="change nothing, say what would happen"
    )
    parser.add_argument(
        "--take-down", action="store_true", help="move its public objects out of the public's reach"
    )
    parser.add_argument(
        "--background", action="store_true", help="with --take-down: leave that to a worker"
    )


def suspend_(command: PlainCommand, asked: Namespace) -> None:
    if asked.background and not asked.take_down:
        raise CommandError("--background is about taking down: give --take-down too.")
    tenant = find_referenced_tenant(asked)
    problem = find_schema_problem(tenant)
    reach, public = _describe_reach(tenant), _count_public(tenant, problem)
    if asked.dry_run:
        done = "is suspended already" if not tenant.is_served else f"would be suspended: {reach}"
        command.stdout.write(f"{format_tenant(tenant)} {done}. Nothing was changed.")
        moves = asked.take_down and not problem
        command.stdout.write(_describe_public(public, "would be moved" if moves else ""))
        return
    if (
        tenant.is_served
        and not asked.yes
        and not _is_confirmed(f"Suspend {format_tenant(tenant)}: {reach}?")
    ):
        raise CommandError(f"{format_tenant(tenant)} was not suspended: the answer was not yes.")
    _stop_serving(command, tenant, reach, links_live=bool(problem) or _has_living_links(tenant))
    if asked.take_down and problem:
        command.stdout.write(_describe_public(public, "stay public"))
        raise CommandError(f"Nothing was taken down. {problem}")
    if asked.take_down:
        _take_down(command, tenant, public, in_background=asked.background)
    else:
        command.stdout.write(_describe_public(public, ""))


def _stop_serving(command: PlainCommand, tenant: Tenant, reach: str, *, links_live: bool) -> None:
    if not suspend_tenant(tenant):
        command.stdout.write(f"{format_tenant(tenant)} was suspended already. Nothing was changed.")
        return
    command.stdout.write(f"Suspended {format_tenant(tenant)}: {reach}; {CACHE_NOTE}.")
    command.stdout.write("Members see a page saying so, everybody else finds nothing there.")
    living = f"live on, up to {get_longest_link_seconds(tenant)} s" if links_live else "end too"
    command.stdout.write(f"Links given out before {living}.")


def _has_living_links(tenant: Tenant) -> bool:
    with bind_tenant(tenant, even_suspended=True):
        return has_live_links()


def _count_public(tenant: Tenant, problem: GatewayError | None) -> PublicCounts | GatewayError:
    """Return what stays public, or why nobody knows. Where the schema is not in order, the bucket is asked."""
    try:
        return count_listed_public(tenant) if problem else _count_public_in_ledger(tenant)
    except GatewayError as error:
        return error


def _count_public_in_ledger(tenant: Tenant) -> PublicCounts:
    with bind_tenant(tenant, even_suspended=True):
        return count_public()


def _describe_public(public: PublicCounts | GatewayError, moved: str) -> str:
    if isinstance(public, GatewayError):
        return f"It is not known whether objects of it stay public. {public}"
    if not public.objects:
        return "No object of it stays public."
    fate = moved or "stay public: whoever has an address reads on. --take-down moves them"
    return f"{public.objects} public object(s), {format_size(public.size_bytes)}, {fate}."


@dataclass(frozen=True, slots=True)
class TakenDownCounts:
    """How many documents and files of apps a tenant has that are taken down."""

    documents: int
    files: int

    @classmethod
    def count_for(cls, tenant: Tenant) -> "TakenDownCounts":
        with bind_tenant(tenant, even_suspended=True):
            return cls(len(list_documents_taken_down()), list_taken_down().count())


def _take_down(
    command: PlainCommand,
    tenant: Tenant,
    public: PublicCounts | GatewayError,
    *,
    in_background: bool,
) -> None:
    before = TakenDownCounts.count_for(tenant)
    operation = request_operation(TAKE_DOWN.name, tenant)
    if in_background:
        command.stdout.write(_describe_public(public, "are to be moved"))
        write_background_notice(command, operation)
        return
    follow_operation(command, operation)
    after = TakenDownCounts.count_for(tenant)
    documents, files = _list_failures(tenant, operation)
    documents.done, files.done = after.documents - before.documents, after.files - before.files
    command.stdout.write(
        f"Took {_format_counts(documents, files)} down; `tenant resume` brings them back."
    )
    if documents.done or files.done:
        command.stdout.write("Browsers and CDNs keep what they have until it is too old for them.")
    left = _count_public_in_ledger(tenant)
    if left.objects:
        remedy = "stay public: they came or failed just now. Run it again"
        command.stdout.write(_describe_public(left, remedy))
    _report_failures(command, documents, files)


def _list_failures(tenant: Tenant, operation: Operation) -> tuple[TakedownResult, TakedownResult]:
    """Return the documents and the files of apps that failed, each with the sentence of its error."""
    documents, files = TakedownResult(), TakedownResult()
    failed = operation.events.exclude(error_code="").order_by("pk")
    sentences = {event.object_id: event.sentence for event in failed if event.object_id}
    with bind_tenant(tenant, even_suspended=True):
        known = set(Document.objects.filter(pk__in=sentences).values_list("pk", flat=True))
    for object_id, sentence in sentences.items():
        (documents if object_id in known else files).failed[object_id] = sentence
    return documents, files


def _format_counts(documents: TakedownResult, files: TakedownResult) -> str:
    """Return how many were moved; of apps' files only where there are some."""
    of_apps = f" and {files.done} file(s) of apps" if files.done or files.failed else ""
    return f"{documents.done} document(s){of_apps}"


def _make_progress_printer(command: PlainCommand) -> Progress:
    def tell(done: int, of: int) -> None:
        if done % PROGRESS_EVERY == 0 or done == of:
            command.stdout.write(f"  {done} of {of}")

    return tell


def _report_failures(
    command: PlainCommand, documents: TakedownResult, files: TakedownResult
) -> None:
    failed = {**documents.failed, **files.failed}
    for row_id, why in failed.items():
        command.stderr.write(f"{row_id}: {why}")
    if documents.failed and not files.failed:
        raise CommandError(f"{len(failed)} document(s) failed, see above: run it again.")
    if failed:
        raise CommandError(f"{len(failed)} object(s) failed, see above: run it again.")


def _describe_reach(tenant: Tenant) -> str:
    domains = tenant.domains.active().count()
    return f"{domains} active domain(s), {tenant.memberships.count()} member(s)"


def _is_confirmed(question: str) -> bool:
    """Return whether a person at a terminal says yes; a script is not asked."""
    if not is_interactive():
        return True
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def add_resume(actions: Actions) -> None:
    parser = add_action(
        actions,
        resume_,
        summary="Serve a suspended tenant again.",
        examples="""\
example:
  manage.py tenant resume acme/

Documents and files of apps that were taken down become public again. What fails or was interrupted goes on when it
is run again; exit code 1 says that something is left.""",
    )
    add_reference(parser)


def resume_(command: PlainCommand, asked: Namespace) -> None:
    tenant = find_referenced_tenant(asked)
    require_schema(tenant)
    resumed = resume_tenant(tenant)
    tenant.refresh_from_db()
    if resumed:
        command.stdout.write(f"{format_tenant(tenant)} is served again; {CACHE_NOTE}.")
    _bring_back(command, tenant, resumed=resumed)


def _bring_back(command: PlainCommand, tenant: Tenant, *, resumed: bool) -> None:
    # What is still being taken down stops first, and nothing is missed that it has in hand.
    cancel_open(TAKE_DOWN.name, tenant)
    with bind_tenant(tenant), lock_tenant():
        waiting = bool(list_documents_taken_down()) or list_taken_down().exists()
        files = bring_files_back(_make_progress_printer(command)) if waiting else TakedownResult()
        documents = bring_all_back(_make_progress_printer(command)) if waiting else TakedownResult()
    if waiting:
        command.stdout.write(f"Brought {_format_counts(documents, files)} back.")
    elif not resumed:
        command.stdout.write(f"{format_tenant(tenant)} was not suspended. Nothing was changed.")
    _report_failures(command, documents, files)
