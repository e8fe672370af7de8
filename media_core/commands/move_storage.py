"""manage.py tenant move-storage."""

from argparse import Namespace
from collections.abc import Iterable

from django.core.management.base import CommandError

from media_core.ledger.models import StoredObject
from media_core.templatetags.sizes import size
from media_core.upkeep.move_storage import count_unmoved, refuse_the_wrong_way
from media_core.upkeep.operations import MOVE_STORAGE
from tenants.binding import bind_tenant
from tenants.commands.base import Actions, PlainCommand, add_group
from tenants.commands.broken_tenants import fail_if_any_broken, skip_broken_tenants
from tenants.commands.operation_progress import follow_operation, write_background_notice
from tenants.commands.tenant_references import REFERENCE_HELP, format_tenant
from tenants.jobs.operation_models import Operation
from tenants.jobs.operations import request_operation
from tenants.models import Tenant
from tenants.provisioning import find_tenant


def add_move_storage(actions: Actions) -> None:
    parser = add_group(
        actions,
        "move-storage",
        summary="Move what is stored from disk into the bucket, or back, while the site is served.",
        examples="""\
examples:
  manage.py tenant move-storage --to bucket --dry-run
  manage.py tenant move-storage --to bucket
  manage.py tenant move-storage --to bucket --background
  manage.py tenant move-storage --to disk acme/ globex/

Set USE_S3_MEDIA first, so that new files go where the others are moved. Each object is read back
before the new place counts. It is an operation for each tenant: manage.py operations lists, pauses and
cancels them, and the agency's page shows them. Ctrl-C stops this command; a worker goes on with the
operation, or the same command does. Exit code 1: some objects did not move; they stay where they are,
and are tried again by the next run.""",
    )
    parser.set_defaults(run=move_storage)
    parser.add_argument(
        "tenants", metavar="REF", nargs="*", help=f"{REFERENCE_HELP}. Without one: every tenant"
    )
    parser.add_argument(
        "--to", required=True, choices=StoredObject.Place.values, help="where everything shall lie"
    )
    parser.add_argument("--dry-run", action="store_true", help="move nothing, say what would be")
    parser.add_argument(
        "--background", action="store_true", help="ask for it, leave it to a worker"
    )


def move_storage(command: PlainCommand, asked: Namespace) -> None:
    """Move one room after the other, suspended ones too; what fails in one does not stop the others."""
    to = StoredObject.Place(asked.to)
    refuse_the_wrong_way(to)
    tenants, broken = skip_broken_tenants(command, find_tenants(asked.tenants))
    under_way = set(
        Operation.objects.open().filter(kind=MOVE_STORAGE.name).values_list("tenant", flat=True)
    )
    failed = 0
    for tenant in tenants:
        objects, size_bytes = count_left(tenant, to)
        if not objects and tenant.pk not in under_way:
            continue
        if asked.dry_run or asked.background:
            command.stdout.write(
                f"{format_tenant(tenant)}: {format_amount(objects, size_bytes)} to move"
            )
        if asked.dry_run:
            continue
        operation = request_operation(MOVE_STORAGE.name, tenant, parameters={"to": to.value})
        if asked.background:
            write_background_notice(command, operation)
        else:
            failed += move_tenant(command, tenant, operation)
    print_left(command, tenants, to, failed=failed)
    fail_if_any_broken(broken)


def find_tenants(references: Iterable[str]) -> list[Tenant]:
    """Return the tenants that are meant, in the order they were given, or all of them."""
    return [find_tenant(reference) for reference in references] or list(Tenant.objects.all())


def move_tenant(command: PlainCommand, tenant: Tenant, operation: Operation) -> int:
    """Move a room and say so; return how many of its objects failed."""
    command.stdout.write(f"{format_tenant(tenant)}: operation {operation.reference}")
    follow_operation(command, operation)
    for name, error in list_failures(tenant, operation):
        command.stderr.write(f"{format_tenant(tenant)}: {name}: {error}")
    if operation.done_objects:
        moved = format_amount(operation.done_objects, operation.done_bytes)
        command.stdout.write(f"{format_tenant(tenant)}: {moved} moved")
    return int(operation.failed_objects)


def list_failures(tenant: Tenant, operation: Operation) -> list[tuple[str, str]]:
    """Return the objects that did not move, by name, each with the sentence of its error. The log has only ids."""
    failed = operation.events.exclude(error_code="").order_by("pk")
    sentences = {event.object_id: event.sentence for event in failed}
    with bind_tenant(tenant, even_suspended=True):
        rows = StoredObject.objects.filter(pk__in=sentences).values_list("pk", "name")
        return [(name, sentences[row_id]) for row_id, name in rows]


def count_left(tenant: Tenant, to: StoredObject.Place) -> tuple[int, int]:
    with bind_tenant(tenant, even_suspended=True):
        return count_unmoved(to)


def print_left(
    command: PlainCommand, tenants: list[Tenant], to: StoredObject.Place, *, failed: int = 0
) -> None:
    """Say how much is not at this place yet; end with exit code 1 when something failed."""
    left = [count_left(tenant, to) for tenant in tenants]
    objects, size_bytes = sum(part[0] for part in left), sum(part[1] for part in left)
    here = "in the bucket" if to == StoredObject.Place.BUCKET else "on disk"
    rest = (
        f"{format_amount(objects, size_bytes)} left to move" if objects else f"Everything is {here}"
    )
    command.stdout.write(f"{rest}, of {len(tenants)} tenant(s).")
    if failed:
        raise CommandError(f"{failed} object(s) did not move, see above: run it again.")


def format_amount(objects: int, size_bytes: int) -> str:
    """Return objects and bytes as people read them."""
    return f"{objects} object(s), {size(size_bytes)}"
