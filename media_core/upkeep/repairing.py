"""What may be put right where ledger and bucket differ. Nothing is deleted, and nothing new becomes public."""

from uuid import UUID, uuid4

from django.conf import settings

from media_core.bucket.bucket_objects import move_object, set_public_acl
from media_core.documents.models import Document
from media_core.documents.publishing import republish
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import has_own_bytes
from media_core.upkeep.app_file_bytes import find_wrongly_taken_down, point_to_own_bytes
from media_core.upkeep.app_takedown import bring_file_back
from media_core.upkeep.move_storage import OTHER_PLACE
from media_core.upkeep.verifying import Finding, Problem
from tenants.binding import bound_tenant, lock_tenant
from tenants.errors import KeyOutsidePrefix
from tenants.prefixes import make_ascii_name

Area = StoredObject.Area
# The object of a row is not there, or is another.
BYTE_PROBLEMS = frozenset({Problem.MISSING, Problem.WRONG_SIZE, Problem.WRONG_BYTES})
# Where an object goes that the bucket's policy shows to the public and that no row names.
CLOSED_FOLDER = f"{Area.PRIVATE}/closed/"
PLACE_NAMES = {StoredObject.Place.DISK: "on disk", StoredObject.Place.BUCKET: "in the bucket"}


def repair(finding: Finding) -> str:
    """Put one finding of the bound tenant right; return what was done, or nothing when a person has to look at it.

    Two bucket requests at most; a moved object is read in both places, and of an app's file as `point_to_own_bytes`
    says. Raises BucketUnavailable.
    """
    key = _find_key(finding.name)
    is_public_name = finding.name.startswith(f"{Area.PUBLIC}/")
    if finding.problem == Problem.NOT_PUBLIC and settings.PUBLIC_MEDIA_MODE == "acl":
        set_public_acl(key, is_public=True)
        return "Its ACL lets the public read it again."
    if finding.row_id and finding.problem in {Problem.MISSING, Problem.ORPHANED}:
        done = correct_place(finding.row_id)
        if done or finding.problem == Problem.ORPHANED:
            return done
    if finding.row_id and finding.problem in BYTE_PROBLEMS:
        done = point_to_own_bytes(finding.row_id)
        # What has its public name now is named by no row.
        closed = done and finding.problem != Problem.MISSING and _close_to_public(key, finding.name)
        return f"{done} {closed}" if closed else done
    is_stray = finding.problem == Problem.ORPHANED and is_public_name
    # In mode `policy` a private object is open by a policy that is too wide, wherever it lies.
    is_open = finding.problem == Problem.PUBLIC and (is_public_name or not _is_by_policy())
    return _close_to_public(key, finding.name) if is_stray or is_open else ""


def _find_key(name: str) -> str:
    """Return the key of an object as the bucket has it, also one of which we would make no key.

    Raises KeyOutsidePrefix where something on the way to the bucket may take it for another tenant's.
    """
    if {".", ".."} & set(name.split("/")):
        raise KeyOutsidePrefix
    return f"{bound_tenant().prefix}{name}"


def correct_place(row_id: UUID) -> str:
    """Let a row say where its object lies, when that was moved since; return what was done, or nothing.

    So it is when the database was restored from a backup that is older than the move. Up to two requests.
    """
    row: StoredObject | None = StoredObject.objects.filter(pk=row_id, left_in="").first()
    if row is None or has_own_bytes(row):
        return ""
    to = OTHER_PLACE[StoredObject.Place(row.place)]
    same = StoredObject.objects.filter(pk=row.pk, state=row.state, place=row.place, left_in="")
    if not (has_own_bytes(row, place=to) and same.update(place=to)):
        return ""
    return f"Its row says now that it is {PLACE_NAMES[to]}."


def _is_by_policy() -> bool:
    return bool(settings.PUBLIC_MEDIA_MODE == "policy")


def _close_to_public(key: str, name: str) -> str:
    """Keep the public from reading an object that it should not."""
    if not _is_by_policy():
        set_public_acl(key, is_public=False)
        return "Its ACL keeps the public from reading it."
    # What was closed under this name before stays.
    target = f"{CLOSED_FOLDER}{uuid4()}/{make_ascii_name(name)}"
    move_object(key, str(bound_tenant().prefix.build_key(target)))
    return f"It was moved to {target}."


def find_republishable(finding: Finding) -> Document | None:
    """Return the public document whose public copy is missing; None for any other finding. One query at most."""
    if finding.problem != Problem.MISSING or finding.row_id is None:
        return None
    found: Document | None = Document.objects.filter(
        public_copy=finding.row_id, visibility=Document.Visibility.PUBLIC
    ).first()
    return found


def republish_app_file(finding: Finding) -> str:
    """Give a taken down file of an app to the public again; return what was done. Raises as `bring_file_back`."""
    file = find_wrongly_taken_down().filter(stored_object=finding.row_id).first()
    if file is None:
        return ""
    with lock_tenant():
        bring_file_back(file.pk)
    return "It is public again."


def republish_document(document: Document) -> str:
    """Give a public document a new public copy; return what was done. Raises as `republish`."""
    republish(document.pk)
    return "It has a new public copy."
