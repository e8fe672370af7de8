"""manage.py migrate_tenants: brings the tenants that are behind to this code's version."""

import os
import time
from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from tenants.checks import TAG
from tenants.commands.base import PlainCommand
from tenants.commands.tenant_references import REFERENCE_HELP, format_tenant
from tenants.database.proof import database_proof
from tenants.domains import CACHE_SECONDS, host_cache
from tenants.models import Tenant
from tenants.provisioning import find_tenant
from tenants.schema_versions import get_oldest_code, get_schema_version
from tenants.schemas.upgrade import MAX_PARALLEL, UpgradeOutcome, UpgradeResult, upgrade_tenants
from tenants.schemas.upgrade_steps import UpgradeStep, plan_step, record_step

# The database works, the threads wait for it: some more than processors.
PARALLEL = min(8, 2 * (os.cpu_count() or 1))


class Command(PlainCommand):
    # Those of tenants only: the others import every view, which takes longer than finding nobody behind.
    requires_system_checks = (TAG,)
    help = "Bring the schema of every tenant that is behind to this code's version."
    examples = """\
examples:
  manage.py migrate_tenants --dry-run
  manage.py migrate_tenants
  manage.py migrate_tenants --tenant acme/
  manage.py migrate_tenants --parallel 16

Run manage.py migrate_schemas --shared before it, and reload the gateway after it. Tenants are served
meanwhile. It can be interrupted and run again, also beside itself: each tenant is changed in one
transaction, or not at all. Exit code 1: some tenants failed; they are named with the reason."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--tenant",
            metavar="REF",
            help=f"only this one, whatever is noted of it; {REFERENCE_HELP}",
        )
        parser.add_argument(
            "--parallel",
            type=_parse_parallel,
            default=PARALLEL,
            metavar="N",
            help=f"how many at once, each on a connection of its own: 1 to {MAX_PARALLEL}; here {PARALLEL} by default",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="change nothing, say what would be done"
        )

    def handle(self, **options: Any) -> None:
        """Migrate those that are behind; then those that were made meanwhile by a process of older code."""
        started = time.monotonic()
        # Locks and search paths are the connection's: a pooler that mixes connections would mix up tenants.
        database_proof.require()
        if options["dry_run"]:
            self._write_plan(find_tenants_behind(options["tenant"]))
            return
        save_oldest_code()
        done: dict[UUID, tuple[Tenant, UpgradeResult]] = {}
        while batch := [
            tenant for tenant in find_tenants_behind(options["tenant"]) if tenant.pk not in done
        ]:
            for tenant, result in self._upgrade(batch, parallel=options["parallel"]):
                done[tenant.pk] = (tenant, result)
        host_cache.forget()
        self._write_results([*done.values()], seconds=time.monotonic() - started)

    def _upgrade(
        self, tenants: list[Tenant], *, parallel: int
    ) -> Iterator[tuple[Tenant, UpgradeResult]]:
        steps = {step.version: record_step(step) for step in plan_steps(tenants)}
        for step in steps.values():
            if step.no_replay_reason:
                self.stdout.write(
                    f"{step.version}: each by a migrate of its own: {step.no_replay_reason}"
                )
        results = upgrade_tenants(tenants, steps, parallel=min(parallel, len(tenants)))
        for number, result in enumerate(results, start=1):
            if self.stderr.isatty():
                self.stderr.write(f"\r{number} of {len(tenants)} ", ending="")
            yield result
        if self.stderr.isatty():
            self.stderr.write("")

    def _write_plan(self, tenants: list[Tenant]) -> None:
        """Say in numbers what would be done, by version."""
        steps = {step.version: step for step in plan_steps(tenants)}
        for version, count in sorted(Counter(tenant.schema_version for tenant in tenants).items()):
            self.stdout.write(
                f"{count} tenant(s) at {version or 'no noted version'}: {_describe_step(steps.get(version))}"
            )
        current = Tenant.objects.filter(schema_version=get_schema_version()).count()
        self.stdout.write(
            f"Would migrate {len(tenants)} tenant(s) to {get_schema_version()}; {current} are there."
        )

    def _write_results(self, done: list[tuple[Tenant, UpgradeResult]], *, seconds: float) -> None:
        counts = Counter(result for _, result in done if isinstance(result, UpgradeOutcome))
        migrated = counts[UpgradeOutcome.REPLAYED] + counts[UpgradeOutcome.MIGRATED]
        parts = [
            f"{counts[outcome]} {outcome.value}" for outcome in UpgradeOutcome if counts[outcome]
        ]
        if not done:
            self.stdout.write(f"Every tenant is at {get_schema_version()}.")
            return
        self.stdout.write(
            f"Migrated {migrated} of {len(done)} tenant(s) in {seconds:.1f} s"
            + (f": {', '.join(parts)}." if parts else ".")
        )
        if migrated:
            self.stdout.write(f"Running processes hear of it within {CACHE_SECONDS:.0f} s.")
        self._fail_if_any(
            [(tenant, result) for tenant, result in done if not isinstance(result, UpgradeOutcome)]
        )

    def _fail_if_any(self, failed: list[tuple[Tenant, BaseException]]) -> None:
        """Name those that failed, each with its reason; end with exit code 1 when there are some."""
        for tenant, error in sorted(failed, key=lambda one: one[0].location_prefix):
            self.stderr.write(f"{format_tenant(tenant)}: {format_error(error)}")
        if failed:
            raise CommandError(
                f"{len(failed)} tenant(s) failed, see above. Run it again once that is mended."
            )


def _parse_parallel(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_PARALLEL):
        raise ArgumentTypeError(f"{text!r} is no number of threads: give 1 to {MAX_PARALLEL}")
    return int(text)


def find_tenants_behind(reference: str | None) -> list[Tenant]:
    """Return the tenants whose noted version is not this code's, or the one that is meant. One query."""
    if reference:
        return [find_tenant(reference)]
    return list(Tenant.objects.exclude(schema_version=get_schema_version()))


def plan_steps(tenants: Iterable[Tenant]) -> Iterator[UpgradeStep]:
    """Yield the step of each version that some of them are noted at, where it is known."""
    for version in sorted({tenant.schema_version for tenant in tenants}):
        if step := plan_step(version):
            yield step


def _describe_step(step: UpgradeStep | None) -> str:
    if step is None:
        return "their schemas are looked at one by one"
    names = ", ".join(f"{one.app_label}.{one.name}" for one in step.migrations)
    return f"{names}, {f'each by itself: {step.no_replay_reason}' if step.no_replay_reason else 'by a recording'}"


def save_oldest_code() -> None:
    """Write down which code serves the current tenants, where this code says it otherwise. One UPDATE."""
    current = Tenant.objects.filter(schema_version=get_schema_version())
    current.exclude(oldest_code=get_oldest_code()).update(oldest_code=get_oldest_code())


def format_error(error: BaseException) -> str:
    """Return an error in one line."""
    return " ".join(str(error).split()) or type(error).__name__
