"""manage.py bucket verify."""

import json
import logging
from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.core.management.base import CommandError

from media_core.bucket.requirements import require_to_remove
from media_core.upkeep.repairing import (
    find_republishable,
    repair,
    republish_app_file,
    republish_document,
)
from media_core.upkeep.verifying import Finding, Problem, verify_ledger
from tenants.binding import bind_tenant
from tenants.commands.base import Actions, PlainCommand, add_action
from tenants.commands.broken_tenants import fail_if_any_broken, skip_broken_tenants
from tenants.commands.tenant_references import REFERENCE_HELP
from tenants.errors import GatewayError
from tenants.models import Tenant
from tenants.provisioning import find_tenant

logger = logging.getLogger("media_core.upkeep")

# Of each tenant, where `--deep` names no number.
DEFAULT_SAMPLE = 100


@dataclass(frozen=True, slots=True)
class Report:
    """What is wrong with one object, and what was done about it."""

    tenant: Tenant
    finding: Finding
    done: str = ""

    @property
    def facts(self) -> dict[str, str]:
        return {
            "tenant": self.tenant.location_prefix,
            "problem": self.finding.problem,
            "name": self.finding.name,
            "row": str(self.finding.row_id or ""),
            "detail": self.finding.detail,
            "done": self.done,
        }

    def __str__(self) -> str:
        detail = f" ({self.finding.detail})" if self.finding.detail else ""
        done = f". {self.done}" if self.done else ""
        # Whoever may write to the bucket chose the name: it stays one line, and commands no terminal.
        name = "".join(map(_escape, self.finding.name))
        return f"{self.finding.problem}: {self.tenant.location_prefix}{name}{detail}{done}"


def _escape(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def add_verify(actions: Actions) -> None:
    parser = add_action(
        actions,
        verify,
        summary="Compare the ledger with what lies in the bucket. Nothing is deleted.",
        examples="""\
examples:
  manage.py bucket verify
  manage.py bucket verify --tenant acme/ --deep
  manage.py bucket verify --json
  manage.py bucket verify --repair --republish

Says what is missing, orphaned (no row names it), of the wrong size, not readable for the public though
it should be, readable though it should not be, or pending too long; and which public files of apps are
taken down though their tenant is served. Each line is printed as it is found, and memory stays the same
however much a tenant keeps. Exit code 1: something is left.""",
    )
    parser.add_argument(
        "--tenant", metavar="REF", action="append", default=[],
        help=f"{REFERENCE_HELP}. Without it: every tenant",
    )  # fmt: skip
    parser.add_argument(
        "--deep", metavar="N", type=int, nargs="?", const=DEFAULT_SAMPLE, default=0,
        help=f"of each tenant read back N objects ({DEFAULT_SAMPLE}), chosen by chance, compare their digests, and ask "
        "for those that are private as a stranger",
    )  # fmt: skip
    parser.add_argument(
        "--repair", action="store_true",
        help="set the ACLs of public objects, close those that no row names, and correct rows whose object was "
        "moved between disk and bucket; let files of apps find their bytes",
    )  # fmt: skip
    parser.add_argument(
        "--republish",
        action="store_true",
        help="make missing public copies again, and files of apps public that are taken down",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object a line")


def verify(command: PlainCommand, asked: Namespace) -> None:
    if not settings.BUCKET_NAME:
        raise CommandError("There is no bucket to verify: AWS_STORAGE_BUCKET_NAME is empty.")
    if asked.repair or asked.republish:
        # By the rows of a copied database, what the real one has published since would be closed.
        require_to_remove()
    chosen = [find_tenant(reference) for reference in asked.tenant]
    usable, broken = skip_broken_tenants(
        command, chosen or Tenant.objects.order_by("location_prefix")
    )
    left = found = 0
    for report in iterate_reports(usable, asked):
        found += 1
        left += not report.done
        command.stdout.write(json.dumps(report.facts) if asked.json else str(report))
        # A run over many tenants takes long, and is often read through a pipe.
        command.stdout.flush()
    if left:
        raise CommandError(f"{left} of {found} findings are left: see docs/howto/backup.md.")
    fail_if_any_broken(broken)
    if not asked.json:
        command.stdout.write(
            f"All of {found} findings are put right." if found else "Ledger and bucket agree."
        )


def iterate_reports(tenants: Iterable[Tenant], asked: Namespace) -> Iterator[Report]:
    for tenant in tenants:
        with bind_tenant(tenant, even_suspended=True):
            for finding in verify_ledger(sample=asked.deep):
                yield Report(tenant, finding, handle_finding(finding, asked))


def handle_finding(finding: Finding, asked: Namespace) -> str:
    """Return what was done about a finding, or nothing."""
    try:
        if asked.republish and finding.problem == Problem.TAKEN_DOWN:
            return republish_app_file(finding)
        # A copy that was only moved is not made again.
        done = repair(finding) if asked.repair else ""
        document = find_republishable(finding) if asked.republish and not done else None
        return republish_document(document) if document else done
    except GatewayError as error:
        # It is reported as left, and the others go on.
        logger.warning("%s was not put right: %s", finding.name, error)
        return ""
