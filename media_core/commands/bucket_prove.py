"""manage.py bucket prove."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from media_core.bucket.marker import MarkerOwner, explain_ownership, read_ownership
from media_core.bucket.models import Attestation
from media_core.errors import BucketOfAnother
from media_core.upkeep.proving.neighbours import assign_neighbours
from media_core.upkeep.proving.plan import make_plan
from media_core.upkeep.proving.prove import prove as proved
from tenants.commands.base import Actions, PlainCommand, add_action
from tenants.commands.broken_tenants import fail_if_any_broken, skip_broken_tenants
from tenants.commands.tenant_references import REFERENCE_HELP
from tenants.commands.text_tables import format_table
from tenants.models import Tenant
from tenants.provisioning import find_tenant

# All of them stand in the attestation.
SHOWN_FAILURES = 20


def add_prove(actions: Actions) -> None:
    parser = add_action(
        actions,
        prove,
        summary="Prove that nobody gets what is another tenant's, and write a dated attestation of it.",
        examples="""\
examples:
  manage.py bucket prove --dry-run
  manage.py bucket prove
  manage.py bucket prove --tenant acme/ --tenant globex/
  manage.py bucket prove --output attestation.json

Canaries are put into the rooms and removed again; they hold no quota, and nobody sees them. What a
killed run leaves, sweep_uploads removes. Exit code 1: something was not refused, or could not be
seen; the objects are named.""",
    )
    parser.add_argument(
        "--tenant",
        metavar="REF",
        action="append",
        default=[],
        help=f"{REFERENCE_HELP}. Without it: every tenant",
    )
    parser.add_argument("--dry-run", action="store_true", help="say how much would be asked")
    parser.add_argument("--json", action="store_true", help="print the attestation as JSON")
    parser.add_argument("--output", metavar="FILE", help="write the attestation there, as JSON")


def prove(command: PlainCommand, asked: Namespace) -> None:
    """Say how much is asked, ask it, and say what came of it."""
    if not settings.USE_S3_MEDIA:
        raise CommandError(
            "New files go to disk (USE_S3_MEDIA=False): there is no bucket to prove."
        )
    usable, broken = skip_broken_tenants(command, find_tenants(asked.tenant))
    chosen = assign_neighbours(usable)
    if not chosen:
        fail_if_any_broken(broken)
        raise CommandError("There is no tenant yet, so there is nothing to prove.")
    plan = make_plan(chosen)
    # The table is for people; where JSON is printed, nothing else is.
    command.stderr.write(plan.description, command.style.NOTICE)
    if asked.dry_run:
        fail_if_any_broken(broken)
        return
    refuse_foreign_owner()
    made = proved(chosen, tell=lambda line: command.stderr.write(line, command.style.NOTICE))
    text = json.dumps(made.document, indent=2, ensure_ascii=False)
    if asked.output:
        write_attestation(asked.output, f"{text}\n", made)
    command.stdout.write(text if asked.json else format_attestation(command, made))
    refuse_failures(made)
    fail_if_any_broken(broken)


def refuse_foreign_owner() -> None:
    """Raise BucketOfAnother when the prefix is another deployment's: no canary is written into its rooms."""
    found = read_ownership()
    if found.owner not in {MarkerOwner.OURS, MarkerOwner.NOBODYS}:
        raise BucketOfAnother(explain_ownership(found))


def write_attestation(file: str, text: str, made: Attestation) -> None:
    """Write the attestation; raise CommandError where that cannot be done. It is stored all the same."""
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"Attestation {made.pk} is stored, and could not be written to {file}: {error.strerror}. "
            f"{len(made.document['failures'])} ask(s) did not end as they must."
        ) from error


def find_tenants(references: list[str]) -> list[Tenant]:
    """Return the tenants that are meant, each once, or all of them."""
    meant = [find_tenant(reference) for reference in references]
    return list(dict.fromkeys(meant)) or list(Tenant.objects.order_by("location_prefix"))


def refuse_failures(made: Attestation) -> None:
    """End with exit code 1 when something was not as it must be; the first object stands in the message."""
    failures = made.document["failures"]
    if failures:
        raise CommandError(
            f"NOT ISOLATED: {len(failures)} ask(s) did not end as they must. "
            f"The first: {failures[0]['key']}, {failures[0]['kind']}. Attestation {made.pk}."
        )


def format_attestation(command: PlainCommand, made: Attestation) -> str:
    """Return the attestation as people read it; what is wrong comes first."""
    document = made.document
    verdict = (
        command.style.SUCCESS(f"All {made.tried} refused.")
        if made.passed
        else command.style.ERROR(f"NOT ISOLATED: {len(document['failures'])} failure(s).")
    )
    parts = [
        verdict,
        *_format_failures(command, document["failures"]),
        _format_kinds(document),
        *_format_untried(document),
        _format_facts(made),
    ]
    return "\n".join(parts)


def _format_failures(command: PlainCommand, failures: list[dict[str, str]]) -> list[str]:
    lines = [
        command.style.ERROR(
            f"  {each['key']}\n    {each['kind']}: {each['asker']}, {each['how']}: "
        )
        + f"{each['verdict']} ({each['seen']})"
        for each in failures[:SHOWN_FAILURES]
    ]
    more = len(failures) - len(lines)
    return [*lines, f"  and {more} more, in the attestation"] if more > 0 else lines


def _format_kinds(document: dict[str, Any]) -> str:
    rows = [(each["kind"], str(each["tried"]), str(each["refused"])) for each in document["kinds"]]
    given = [
        (f"must be given: {each['kind']}", str(each["tried"]), str(each["given"]))
        for each in document["controls"]
    ]
    return format_table(("ASKED", "TRIED", "REFUSED"), *rows, ("", "", "GIVEN"), *given)


def _format_untried(document: dict[str, Any]) -> list[str]:
    return [
        f"Not tried for {tenant['prefix']}: {what}"
        for tenant in document["tenants"]
        for what in tenant["not_tried"]
    ]


def _format_facts(made: Attestation) -> str:
    document = made.document
    requests = document["requests"]
    return (
        f"{made.tenants} tenant(s), {requests['bucket']} requests to the bucket, {requests['gateway']} to the "
        f"gateway, {document['seconds']} s.\nAttestation {made.pk} of {document['made_at']}, "
        f"SHA-256 {document['sha256']}."
    )
