"""What is left of the files of apps: deleted ones that are not put away, and those that no transaction claimed."""

import logging

from django.db import transaction

from media_core.app_files.models import AppFile
from media_core.app_files.moving import condemn_deleted, move_to_public_now
from media_core.errors import ObjectDiffers
from media_core.ledger.models import StoredObject
from media_core.storages.object_copies import remove_object

State = StoredObject.State

logger = logging.getLogger("media_core.app_files")


def sweep_app_files(*, dry_run: bool = False) -> list[AppFile]:
    """Put away what apps of the bound tenant are done with, and end what a kill left half done.

    Return the files whose object is removed, or that became private.

    Those that were deleted, and whose object is not condemned yet; those whose app's transaction never was committed;
    public ones that are not public yet. Idempotent, and safe beside apps and beside itself. Three bucket requests for
    a public file, one for any other.
    """
    files = list_unfinished()
    leaving = [file for file in files if _must_lose_object(file)]
    if dry_run:
        return leaving
    _forget_deleted()
    done = [file for file in files if finish_file(file)]
    return [file for file in leaving if file in done]


def _must_lose_object(file: AppFile) -> bool:
    if file.state == AppFile.State.DELETED:
        return file.stored_object.area == StoredObject.Area.PUBLIC
    return file.state == AppFile.State.SAVING


def list_unfinished() -> list[AppFile]:
    """Return the files with which the sweep has something to do. Three queries."""
    files = AppFile.objects.select_related("stored_object")
    return [*files.deleted_not_condemned(), *files.unclaimed(), *files.awaiting_publication()]


def finish_file(file: AppFile) -> bool:
    """Do what is to be done with one of these; return False when it has to stay for now, or is wanted after all."""
    if file.state == AppFile.State.SAVING:
        return let_go(file) and remove_object(file.stored_object)
    if file.state == AppFile.State.SAVED:
        return move_to_public_now(file.pk)
    try:
        return condemn_deleted(file)
    except ObjectDiffers as error:
        logger.warning("The object of %s stays until the next sweep: %s", file.pk, error)
        return False


def let_go(file: AppFile, *, waits: bool = False) -> bool:
    """Forget a file that nobody claims; return False for one that a transaction claims, be it just now.

    With `waits` it waits for such a transaction, and forgets the file when that is rolled back.
    """
    rows = AppFile.objects.filter(pk=file.pk, state=AppFile.State.SAVING)
    with transaction.atomic():
        if rows.select_for_update(skip_locked=not waits).first() is None:
            return False
        rows.delete()
        return file.stored_object.abandon() or file.stored_object.condemn()


def _forget_deleted() -> None:
    """Forget the deleted files whose bytes are gone."""
    AppFile.objects.filter(state=AppFile.State.DELETED, stored_object__state=State.GONE).delete()
