"""manage.py bucket doctor."""

import json
from argparse import Namespace
from collections.abc import Iterator
from shutil import get_terminal_size
from textwrap import fill
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from media_core.bucket.capabilities import describe_uses, find_proof
from media_core.bucket.doctor.examine import Examination, examine, store_examination
from media_core.bucket.findings import Finding, Outcome
from media_core.bucket.models import BucketReport
from tenants.commands.base import Actions, PlainCommand, add_action
from tenants.commands.text_tables import format_table

OUTCOME_WIDTH = 9
# A terminal that tells no width, or a silly one, gets lines of so many characters.
MIN_WIDTH = 60


def add_doctor(actions: Actions) -> None:
    parser = add_action(
        actions,
        doctor,
        summary="Try what the bucket does and keeps from happening, and say what to change.",
        examples="""\
examples:
  manage.py bucket doctor
  manage.py bucket doctor --json > report.json
  manage.py bucket doctor --try-policy

It asks the bucket itself, as the gateway and as a stranger, with canaries under
<LOCATION_PREFIX>_gateway/ that are removed at the end, whatever happens. Of its own it leaves the
marker that says whose prefix this is. The report is stored: publishing, copying and uploading
rely on it for BUCKET_PROOF_DAYS, so the worker runs it every day. Exit code 1: something failed, or
what the gateway needs could not be proved.""",
    )
    parser.add_argument("--json", action="store_true", help="print the report as a JSON object")
    parser.add_argument(
        "--try-policy",
        action="store_true",
        help="also outside PUBLIC_MEDIA_MODE=policy: change the bucket's policy for a moment, for one canary",
    )


def doctor(command: PlainCommand, asked: Namespace) -> None:
    """Examine the bucket in settings, print what is seen as it is seen, store it."""
    refuse_without_bucket()
    if not asked.json:
        command.stdout.write(f"{settings.BUCKET_NAME} at {settings.BUCKET_ENDPOINT_URL}\n")
    tell = (lambda _: None) if asked.json else (lambda finding: print_finding(command, finding))
    examination = examine(try_policy=asked.try_policy, tell=tell)
    report = store_examination(examination)
    if asked.json:
        command.stdout.write(json.dumps(serialize_report(report), indent=2, ensure_ascii=False))
    else:
        print_summary(command, examination)
    if not examination.passed:
        raise CommandError(
            f"{settings.BUCKET_NAME} is not fit as it is: {format_counts(examination)}."
        )


def refuse_without_bucket() -> None:
    """Raise CommandError on disk: there is nothing to examine."""
    if not (settings.USE_S3_MEDIA or settings.BUCKET_NAME):
        raise CommandError(
            "There is no bucket to examine: USE_S3_MEDIA=False, and AWS_STORAGE_BUCKET_NAME is empty."
        )


def print_finding(command: PlainCommand, finding: Finding) -> None:
    """Print one finding: what and what was seen, why it matters, what to do."""
    styles = {
        Outcome.OK: command.style.SUCCESS,
        Outcome.WARNING: command.style.WARNING,
        Outcome.FAILED: command.style.ERROR,
        Outcome.UNKNOWN: command.style.NOTICE,
    }
    state = styles[finding.outcome](f"{finding.outcome:<{OUTCOME_WIDTH}}")
    command.stdout.write(f"{state}{command.style.MIGRATE_HEADING(finding.title)}")
    for name, text in (("seen", finding.seen), ("why", finding.why), ("do", finding.remedy)):
        if text:
            command.stdout.write(wrap_line(command, f"{'':<{OUTCOME_WIDTH}}{name + ':':<6}{text}"))
    command.stdout.flush()


def wrap_line(command: PlainCommand, line: str) -> str:
    """Return the line as it fits a terminal, and what follows below its words. In a pipe it stays one line."""
    if not command.stdout.isatty():
        return line
    width = max(get_terminal_size().columns, MIN_WIDTH)
    # Keys and addresses stay whole, to be copied.
    return fill(
        line,
        width,
        subsequent_indent=" " * (OUTCOME_WIDTH + 6),
        break_long_words=False,
        break_on_hyphens=False,
    )


def print_summary(command: PlainCommand, examination: Examination) -> None:
    """Print the seven points, what the gateway does from now on, and how many of each outcome there are."""
    command.stdout.write("\nThe seven points of the checklist")
    command.stdout.write(indent(format_table(*list_checklist(examination.findings))))
    print_troubles(command, examination)
    command.stdout.write("\nFrom now on the gateway")
    command.stdout.write(indent(format_table(*describe_uses(find_proof()).items())))
    command.stdout.write(
        f"\n{format_counts(examination)}; {examination.requests} requests, {examination.seconds:.1f} s."
    )


def print_troubles(command: PlainCommand, examination: Examination) -> None:
    """Name once more what failed or is worth changing: by now it has scrolled away."""
    troubles = [f for f in examination.findings if f.outcome in {Outcome.FAILED, Outcome.WARNING}]
    if troubles:
        rows = [(each.outcome.value, each.title) for each in sorted(troubles, key=_is_warning)]
        command.stdout.write("\nWhat to look at, above")
        command.stdout.write(indent(format_table(*rows)))


def _is_warning(finding: Finding) -> bool:
    return finding.outcome != Outcome.FAILED


def list_checklist(findings: tuple[Finding, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield the points of the checklist this project grew from, each with its finding."""
    points = [(f.checklist, f.outcome.value, f.seen) for f in findings if f.checklist]
    yield from sorted(points)


def indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def format_counts(examination: Examination) -> str:
    """Return how many findings there are of each outcome, worst first."""
    outcomes = (Outcome.FAILED, Outcome.WARNING, Outcome.UNKNOWN, Outcome.OK)
    return ", ".join(f"{examination.count(outcome)} {outcome}" for outcome in outcomes)


def serialize_report(report: BucketReport) -> dict[str, Any]:
    """Return the report as it is printed with --json."""
    return {
        "target": report.target,
        "made_at": report.made_at.isoformat(timespec="seconds"),
        "passed": report.passed,
        "capabilities": report.capabilities,
        "uses": describe_uses(find_proof()),
        "findings": report.findings,
        "requests": report.requests,
        "seconds": report.seconds,
    }
