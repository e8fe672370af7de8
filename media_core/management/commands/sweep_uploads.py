"""manage.py sweep_uploads: removes what failed or killed uploads left, and what was kept for long enough."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser

from media_core.upkeep.sweeping import sweep_room
from tenants.binding import bind_tenant
from tenants.commands.base import PlainCommand
from tenants.commands.tenant_references import REFERENCE_HELP, format_tenant
from tenants.errors import GatewayError
from tenants.models import Tenant
from tenants.provisioning import find_tenant
from tenants.schemas.problems import require_schema


class Command(PlainCommand):
    help = (
        "Remove from the bucket what failed or killed uploads left, what apps did not come to own, and what "
        "was kept for RETENTION_DAYS; of every tenant or of one."
    )
    examples = """\
examples:
  manage.py sweep_uploads --dry-run
  manage.py sweep_uploads --tenant acme/

The worker does this every hour. It may run beside uploads and beside itself. Exit code 1: the bucket did not
answer for some tenant, its quota or its schema is not in order, or it has to be migrated first; what
is left there is removed by the next run."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", metavar="REF", help=REFERENCE_HELP)
        parser.add_argument(
            "--dry-run", action="store_true", help="remove nothing, say what would be"
        )

    def handle(self, **options: Any) -> None:
        """Sweep one tenant after the other; one that fails does not stop the others."""
        dry_run = options["dry_run"]
        swept = [self._sweep(tenant, dry_run=dry_run) for tenant in find_tenants(options["tenant"])]
        removed = sum(count for count in swept if count is not None)
        verb = "Would remove" if dry_run else "Removed"
        self.stdout.write(f"{verb} {removed} object(s) of {len(swept)} tenant(s).")
        if failed := swept.count(None):
            raise CommandError(
                f"{failed} of {len(swept)} tenant(s) failed, see above: run it again."
            )

    def _sweep(self, tenant: Tenant, *, dry_run: bool) -> int | None:
        """Return how many objects were removed, or None when it could not be done."""
        try:
            require_schema(tenant)
            with bind_tenant(tenant, even_suspended=True):
                count = len(sweep_room(dry_run=dry_run))
        except GatewayError as error:
            self.stderr.write(f"{format_tenant(tenant)}: {error}")
            return None
        if count:
            self.stdout.write(f"{format_tenant(tenant)}: {count} object(s)")
        return count


def find_tenants(reference: str | None) -> Iterable[Tenant]:
    """Return the one tenant that is meant, or all of them."""
    return [find_tenant(reference)] if reference else Tenant.objects.iterator()
