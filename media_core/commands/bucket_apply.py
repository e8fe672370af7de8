"""manage.py bucket apply."""

from argparse import Namespace
from collections.abc import Sequence

from django.conf import settings
from django.core.management.base import CommandError

from media_core.bucket.desired.apply import apply as apply_to_bucket
from media_core.bucket.desired.apply import list_differences
from media_core.bucket.desired.section import Difference
from media_core.bucket.marker import (
    OTHER_DATABASE,
    TAKEN_OVER,
    MarkerOwner,
    Ownership,
    explain_ownership,
    read_ownership,
    take_over,
)
from media_core.bucket.marker_store import describe_place, is_on_disk, make_marker_key
from media_core.bucket.models import Deployment
from media_core.errors import BucketOfAnother
from tenants.agency_audit import record_agency_event
from tenants.commands.base import Actions, PlainCommand, add_action, is_interactive


def add_apply(actions: Actions) -> None:
    parser = add_action(
        actions,
        apply_,
        summary="Set the bucket up: CORS, lifecycle and policy, merged with what others have there.",
        examples="""\
examples:
  manage.py bucket apply --dry-run
  manage.py bucket apply --yes

Run it again whenever a tenant or a domain was added, activated or removed, or PUBLIC_MEDIA_MODE was
changed. Rules that are not ours stay as they are. Exit code 1: something could not be done, and it
says what to do instead.""",
    )
    parser.add_argument("--dry-run", action="store_true", help="change nothing, say what would be")
    parser.add_argument("--yes", action="store_true", help="do not ask, also at a terminal")
    parser.add_argument(
        "--take-over",
        metavar="FROM",
        help=f"take the prefix over from whom the marker names: {OTHER_DATABASE!r} for this deployment's database of "
        "before, else the id of the deployment",
    )


def apply_(command: PlainCommand, asked: Namespace) -> None:
    refuse_without_bucket(asked)
    found = read_ownership()
    if asked.take_over == OTHER_DATABASE:
        asked.take_over = str(Deployment.get_current())
    refuse_foreign_owner(found, asked.take_over)
    if asked.take_over and found.owner == MarkerOwner.OURS:
        command.stdout.write("marker: the prefix is ours already, nothing is taken over.")
    planned = [] if is_on_disk() else list_differences()
    print_owner(command, found)
    for difference in planned:
        print_difference(command, difference)
    if asked.dry_run or (found.owner == MarkerOwner.OURS and not any(planned)):
        command.stdout.write("Nothing was changed.")
        raise_troubles(planned)
        return
    verb = "Take over" if found.owner in TAKEN_OVER else "Change"
    if not asked.yes and not _is_confirmed(f"{verb} {settings.BUCKET_NAME or describe_place()}?"):
        raise CommandError("Nothing was changed: the answer was not yes.")
    if asked.take_over and found.owner != MarkerOwner.OURS:
        _take_over(command, found, asked.take_over)
    done = [] if is_on_disk() else apply_to_bucket()
    print_result(command, done)
    raise_troubles(done)


def refuse_without_bucket(asked: Namespace) -> None:
    """Raise CommandError on disk, where there is nothing but the marker to be taken over."""
    if is_on_disk() and not asked.take_over:
        raise CommandError("There is no bucket to set up: AWS_STORAGE_BUCKET_NAME is empty.")


def _take_over(command: PlainCommand, found: Ownership, deployment: str) -> None:
    after = take_over(deployment)
    record_agency_event(None, "the command line", "took the storage over", detail=f"from {found}")
    command.stdout.write(f"marker: taken over. It names database {after.database} now.")
    if not is_on_disk():
        command.stdout.write("Run manage.py bucket doctor next: uploads rely on what it proves.")


def refuse_foreign_owner(found: Ownership, taken_over: str | None) -> None:
    """Raise BucketOfAnother unless the prefix is ours, nobody's, or taken over by name."""
    named = found.owner in TAKEN_OVER and found.deployment == taken_over
    if found.owner not in {MarkerOwner.OURS, MarkerOwner.NOBODYS} and not named:
        raise BucketOfAnother(explain_ownership(found))


def print_owner(command: PlainCommand, found: Ownership) -> None:
    if found.owner == MarkerOwner.NOBODYS:
        command.stdout.write(
            f"marker: {make_marker_key()} is to be written, the prefix is nobody's."
        )
    if found.owner in TAKEN_OVER:
        command.stdout.write(
            f"marker: to be taken over from {found.deployment}, which works on database {found.database}.\n"
            "  Do so only when nothing uses that database any more. From then on this one removes objects by its own\n"
            "  rows, also those of which only the other one knows; the other one removes nothing."
        )


def print_difference(command: PlainCommand, difference: Difference) -> None:
    """Print what is to change in one part, line by line."""
    if difference.trouble:
        return
    kept = f"{difference.foreign} of others stay"
    if not difference:
        command.stdout.write(f"{difference.part}: nothing to do; {kept}.")
        return
    command.stdout.write(
        f"{difference.part}: {difference.added} to add, {difference.replaced} to replace, "
        f"{difference.removed} to remove; {kept}."
    )
    styles = {"+": command.style.SUCCESS, "-": command.style.ERROR, "~": command.style.WARNING}
    for line in difference.lines():
        command.stdout.write(f"  {styles[line[0]](line)}")


def print_result(command: PlainCommand, done: Sequence[Difference]) -> None:
    for difference in filter(None, done):
        command.stdout.write(
            f"{difference.part}: {difference.added} added, {difference.replaced} replaced, "
            f"{difference.removed} removed."
        )
    if not any(difference.trouble for difference in done):
        command.stdout.write("Read back: the bucket has what it is to have.")


def raise_troubles(differences: Sequence[Difference]) -> None:
    """Raise CommandError when a part could not be set up, or others' rules are not there any more."""
    troubles = [f"{each.part}: {each.trouble}" for each in differences if each.trouble]
    troubles += [
        f"{each.part}: a rule of others was not kept: {rule}"
        for each in differences
        for rule in each.lost
    ]
    if troubles:
        raise CommandError("\n".join(troubles))


def _is_confirmed(question: str) -> bool:
    """Return whether a person at a terminal says yes; a script is not asked."""
    if not is_interactive():
        return True
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False
