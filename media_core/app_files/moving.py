"""A file's object in another area: out of the public's reach when it is deleted or taken down, and back to the public.

Each way is the same steps: the new object's row, committed; its bytes, proved; one transaction in which the file points
to it and the object of before is condemned; that one removed. A kill between any two leaves the file with one of both
objects, and what the sweep removes or ends.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from media_core.app_files.models import AppFile
from media_core.bucket.public_access import prove_public
from media_core.errors import ObjectDiffers, ObjectMissing, PublicNameTaken, UploadLost
from media_core.ledger.models import StoredObject
from media_core.storages.object_copies import copy_object, remove_object
from media_core.storages.tenant_storage import verify_bytes
from tenants.binding import connection, on_commit
from tenants.errors import GatewayError, TooBusy

Area, State = StoredObject.Area, StoredObject.State

logger = logging.getLogger("media_core.app_files")


def move_to_private(file: AppFile, *, state: AppFile.State) -> None:
    """Move a public object to where nobody reaches it. Three bucket requests where the bucket copies.

    Raises ObjectMissing, ObjectDiffers, UploadLost or BucketUnavailable; then it stays until it is tried again.
    """
    _move(file, Area.PRIVATE, state=state, keep_for=timedelta())


def move_to_public(file: AppFile) -> None:
    """Give a file to the public under its name. The object of before is kept as long as backups may name it.

    Raises as `move_to_private`, BucketRefused where the public does not get it, TooBusy, and PublicNameTaken. Three
    to eight bucket requests.
    """
    _free_public_key(file)
    _refuse_other_bytes(file)
    keep_for = timedelta(days=settings.RETENTION_DAYS)
    _move(file, Area.PUBLIC, state=AppFile.State.SAVED, keep_for=keep_for)


def _free_public_key(file: AppFile) -> None:
    """Remove the public objects of before that are still there: of deleted files, and what failures left."""
    for other in AppFile.objects.deleted_not_condemned().filter(
        stored_object__name=file.public_name
    ):
        condemn_deleted(other)
    left = StoredObject.objects.filter(
        name=file.public_name, state__in=[State.ABANDONED, State.CONDEMNED]
    )
    for row in left:
        if not remove_object(row) and left.filter(pk=row.pk).exists():
            raise TooBusy(f"The object of before, {row.pk}, is being removed: try again.")


def _refuse_other_bytes(file: AppFile) -> None:
    """Keep what lies under its public name and is another's, as after a restore: nothing would find it again."""
    of_file = file.stored_object
    place = StoredObject.Place.BUCKET if settings.USE_S3_MEDIA else StoredObject.Place.DISK
    there = StoredObject(
        name=file.public_name, area=Area.PUBLIC, kind=StoredObject.Kind.APP, place=place,
        size_bytes=of_file.size_bytes, sha256=of_file.sha256,
    )  # fmt: skip
    try:
        verify_bytes(there)
    except ObjectMissing:
        return
    except ObjectDiffers as error:
        raise PublicNameTaken(
            f"{file.public_name} has other bytes: move or remove them."
        ) from error


def _move(
    file: AppFile, area: StoredObject.Area, *, state: AppFile.State, keep_for: timedelta
) -> None:
    old = file.stored_object
    try:
        with copy_object(
            old, area=area, file_name=file.file_name, **file.build_key_arguments(area)
        ) as copy:
            if area == Area.PUBLIC:
                prove_public(copy.stored)
            with transaction.atomic():
                file.point_to(copy.stored, state=state)
                copy.stored.replace(old, copy.etag, keep_for=keep_for)
    except IntegrityError as error:
        raise PublicNameTaken(f"{file.public_name}: see manage.py bucket verify.") from error
    if not keep_for:
        remove_object(old)


def condemn_deleted(file: AppFile) -> bool:
    """Condemn the object of a deleted file, a public one once it is out of reach; return False when another did.

    Raises ObjectDiffers or BucketUnavailable; then it stays until it is tried again.
    """
    stored = file.stored_object
    try:
        if stored.area == Area.PUBLIC:
            move_to_private(file, state=AppFile.State.DELETED)
        return file.condemn_object()
    except ObjectMissing:
        # Where another has moved it meanwhile, its bytes are kept.
        if not stored.condemn():
            return False
        logger.warning("The deleted object %s is not there; nothing of it is kept.", stored.pk)
        return remove_object(stored)
    except UploadLost:
        return False


def condemn_deleted_now(file_id: UUID) -> None:
    """Put a file away that was deleted just now. What the bucket does not do is left to the sweep."""
    file = (
        AppFile.objects.deleted_not_condemned()
        .select_related("stored_object")
        .filter(pk=file_id)
        .first()
    )
    try:
        if file is not None:
            condemn_deleted(file)
    except GatewayError as error:
        logger.warning("The object of the deleted file %s is left to the sweep: %s", file_id, error)


def move_to_public_now(file_id: UUID) -> bool:
    """Show a file that was saved just now under `private/`; return False when the bucket leaves that to the sweep."""
    files = AppFile.objects.awaiting_publication().select_related("stored_object")
    file = files.filter(pk=file_id).first()
    if file is None:
        return False
    try:
        move_to_public(file)
    except GatewayError as error:
        logger.warning("Showing the file %s is left to the sweep: %s", file_id, error)
        return False
    return True


def run_after_commit(work: Callable[[], object]) -> None:
    """Do it when the app's transaction is committed. A caller who commits by hand leaves it to the sweep."""
    if connection.in_atomic_block or transaction.get_autocommit():
        on_commit(work)
