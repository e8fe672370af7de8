"""What may be put right where ledger and bucket differ. Nothing is deleted, and nothing new becomes public."""

from django.conf import settings

from media_core.documents.models import Document
from media_core.documents.publishing import republish
from media_core.ledger.models import StoredObject
from media_core.storages.bucket.listing import move_object, set_public_acl
from media_core.upkeep.app_file_bytes import find_taken_down, point_to_own_bytes
from media_core.upkeep.app_takedown import bring_file_back
from media_core.upkeep.verifying import Finding, Problem
from tenants.binding import bound_tenant, one_at_a_time

Area = StoredObject.Area
# The object of a row is not there, or is another.
OF_BYTES = frozenset({Problem.MISSING, Problem.WRONG_SIZE, Problem.WRONG_BYTES})
# Where an object goes that the bucket's policy shows to the public and that no row names.
CLOSED = f"{Area.PRIVATE}/closed/"


def repair(finding: Finding) -> str:
    """Put one finding of the bound tenant right; return what was done, or nothing when a person has to look at it.

    Two bucket requests at most, or as `point_to_own_bytes`. Raises BucketUnavailable.
    """
    key = str(bound_tenant().prefix.key(finding.name))
    is_public_name = finding.name.startswith(f"{Area.PUBLIC}/")
    if finding.problem == Problem.NOT_PUBLIC and settings.PUBLIC_MEDIA_MODE == "acl":
        set_public_acl(key, is_public=True)
        return "Its ACL lets the public read it again."
    if finding.problem in OF_BYTES and finding.row_id:
        done = point_to_own_bytes(finding.row_id)
        # What has its public name now is named by no row.
        closed = done and finding.problem != Problem.MISSING and _close(key, finding.name)
        return f"{done} {closed}" if closed else done
    is_stray = finding.problem == Problem.ORPHANED and is_public_name
    return _close(key, finding.name) if is_stray or finding.problem == Problem.PUBLIC else ""


def _close(key: str, name: str) -> str:
    """Keep the public from reading an object that it should not."""
    if settings.PUBLIC_MEDIA_MODE != "policy":
        set_public_acl(key, is_public=False)
        return "Its ACL keeps the public from reading it."
    target = f"{CLOSED}{name.partition('/')[2]}"
    move_object(key, str(bound_tenant().prefix.key(target)))
    return f"It was moved to {target}."


def find_republishable(finding: Finding) -> Document | None:
    """Return the public document whose public copy is missing; None for any other finding. One query at most."""
    if finding.problem != Problem.MISSING or finding.row_id is None:
        return None
    found: Document | None = Document.objects.filter(
        public_copy=finding.row_id, visibility=Document.Visibility.PUBLIC
    ).first()
    return found


def show_again(finding: Finding) -> str:
    """Give a taken down file of an app to the public again; return what was done. Raises as `bring_file_back`."""
    file = find_taken_down().filter(stored_object=finding.row_id).first()
    if file is None:
        return ""
    with one_at_a_time():
        bring_file_back(file.pk)
    return "It is public again."


def make_copy_again(document: Document) -> str:
    """Give a public document a new public copy; return what was done. Raises as `republish`."""
    republish(document.pk)
    return "It has a new public copy."
