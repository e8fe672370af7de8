"""manage.py tenant move-storage."""

from argparse import Namespace
from collections.abc import Iterable

from django.core.management.base import CommandError

from media_core.storages.models import StoredObject
from media_core.templatetags.sizes import size
from media_core.upkeep.move_storage import Moved, left_to_move, move_room, refuse_the_wrong_way
from tenants.binding import bind_tenant
from tenants.commands.base import Actions, PlainCommand, add_group
from tenants.commands.references import REFERENCE_HELP, called
from tenants.models import Tenant
from tenants.provisioning import find_tenant

# A line of progress for so many objects.
TOLD_EVERY = 100


def add_move_storage(actions: Actions) -> None:
    parser = add_group(
        actions,
        "move-storage",
        summary="Move what is stored from disk into the bucket, or back, while the site is served.",
        examples="""\
examples:
  manage.py tenant move-storage --to bucket --dry-run
  manage.py tenant move-storage --to bucket
  manage.py tenant move-storage --to disk acme/ globex/

Set USE_S3_MEDIA first, so that new files go where the others are moved. Each object is read back
before the new place counts. It may be stopped at any time: the next run goes on. Exit code 1: some
objects did not move; they stay where they are, and are tried again by the next run.""",
    )
    parser.set_defaults(run=move_storage)
    parser.add_argument(
        "tenants", metavar="REF", nargs="*", help=f"{REFERENCE_HELP}. Without one: every tenant"
    )
    parser.add_argument(
        "--to", required=True, choices=StoredObject.Place.values, help="where everything shall lie"
    )
    parser.add_argument("--dry-run", action="store_true", help="move nothing, say what would be")


def move_storage(command: PlainCommand, asked: Namespace) -> None:
    """Move one room after the other, suspended ones too; what fails in one does not stop the others."""
    to = StoredObject.Place(asked.to)
    refuse_the_wrong_way(to)
    tenants = asked_for(asked.tenants)
    if not asked.dry_run:
        failed = sum(moved_of(command, tenant, to) for tenant in tenants)
        tell_what_is_left(command, tenants, to, failed=failed)
        return
    for tenant in tenants:
        objects, size_bytes = left_of(tenant, to)
        if objects:
            command.stdout.write(f"{called(tenant)}: {amount(objects, size_bytes)} to move")
    tell_what_is_left(command, tenants, to)


def asked_for(references: Iterable[str]) -> list[Tenant]:
    """Return the tenants that are meant, in the order they were given, or all of them."""
    return [find_tenant(reference) for reference in references] or list(Tenant.objects.all())


def moved_of(command: PlainCommand, tenant: Tenant, to: StoredObject.Place) -> int:
    """Move a room and say so; return how many of its objects failed."""

    def tell(moved: Moved) -> None:
        if moved.objects and moved.objects % TOLD_EVERY == 0:
            command.stdout.write(f"{called(tenant)}: {moved.objects} object(s) so far")

    with bind_tenant(tenant, even_suspended=True):
        moved = move_room(to, tell=tell)
    for row, error in moved.failed:
        command.stderr.write(f"{called(tenant)}: {row.name}: {error}")
    if moved.objects:
        command.stdout.write(f"{called(tenant)}: {amount(moved.objects, moved.size_bytes)} moved")
    return len(moved.failed)


def left_of(tenant: Tenant, to: StoredObject.Place) -> tuple[int, int]:
    with bind_tenant(tenant, even_suspended=True):
        return left_to_move(to)


def tell_what_is_left(
    command: PlainCommand, tenants: list[Tenant], to: StoredObject.Place, *, failed: int = 0
) -> None:
    """Say how much is not at this place yet; end with exit code 1 when something failed."""
    left = [left_of(tenant, to) for tenant in tenants]
    objects, size_bytes = sum(part[0] for part in left), sum(part[1] for part in left)
    here = "in the bucket" if to == StoredObject.Place.BUCKET else "on disk"
    rest = f"{amount(objects, size_bytes)} left to move" if objects else f"Everything is {here}"
    command.stdout.write(f"{rest}, of {len(tenants)} tenant(s).")
    if failed:
        raise CommandError(f"{failed} object(s) did not move, see above: run it again.")


def amount(objects: int, size_bytes: int) -> str:
    """Return objects and bytes as people read them."""
    return f"{objects} object(s), {size(size_bytes)}"
