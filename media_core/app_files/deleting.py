"""Deleting an app's file: it is gone for everybody at once, and its bytes live on for a while.

The ledger's row is changed in the app's own transaction, so a rollback brings the file back. A private object stays
where it is: nobody reaches it. A public one moves to `private/` once the transaction is committed, as a public document
does when it is taken back, and its name is free again.
"""

import logging
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from media_core.app_files.ledger import find, give_up
from media_core.errors import BucketUnavailable, ObjectDiffers, ObjectMissing, UploadLost
from media_core.storages.copies import copied_bytes, take_away
from media_core.storages.models import PENDING_LIFETIME, Content, StoredObject
from media_core.storages.room import verify
from tenants.binding import on_commit
from tenants.transactions import own_transaction

State, Area = StoredObject.State, StoredObject.Area

logger = logging.getLogger("media_core.app_files")


def delete(area: str, name: str) -> None:
    """Delete a file; one that is not there counts as deleted. Raises NameRefused. Two statements.

    After the commit, for a public file: nine more, and two bucket requests.
    """
    try:
        row = find(area, name)
    except FileNotFoundError:
        if area == Area.PUBLIC:
            _let_it_not_come_back(name)
        return
    if row.mark_deleted() and area == Area.PUBLIC:
        on_commit(partial(_bury_now, row))


def _let_it_not_come_back(name: str) -> None:
    """Delete a public file that was taken down and is not back yet. Its bytes lie under `private/` already."""
    for row in StoredObject.objects.filter(state=State.TAKEN_DOWN, app_name=name):
        row.mark_deleted()


def _bury_now(row: StoredObject) -> None:
    try:
        bury(row)
    except (BucketUnavailable, ObjectDiffers) as error:
        # It is deleted, whatever the bucket says: the sweep goes on from here.
        logger.warning("The public object %s stays until the next sweep: %s", row.pk, error)


def bury(row: StoredObject) -> bool:
    """Move a deleted public object to where nobody reaches it; return False when another did. Two bucket requests.

    Raises BucketUnavailable or ObjectDiffers; then it stays until it is tried again.
    """
    try:
        return _replaced(row) and take_away(row)
    except ObjectMissing:
        logger.warning("The deleted object %s is not there; nothing of it is kept.", row.pk)
        return row.leave() and take_away(row)


def _replaced(row: StoredObject) -> bool:
    file_name = str(row.app_name).rpartition("/")[2]
    content = Content(file_name, row.size_bytes, row.content_type, row.sha256)
    with own_transaction():
        grave = StoredObject.objects.announce(
            content,
            area=Area.PRIVATE,
            app_name=row.app_name,
            kind=row.kind,
            claimed_at=row.claimed_at,
            deleted_at=row.deleted_at,
        )
    try:
        etag = copied_bytes(row, grave, file_name)
        if etag not in {row.etag, row.sha256}:
            # Not every bucket names the same bytes alike.
            verify(grave)
        with own_transaction():
            grave.replace(row, etag)
    except UploadLost:
        give_up(grave)
        return False
    except BaseException:
        give_up(grave)
        raise
    return True


def sweep_app_files(*, dry_run: bool = False) -> list[StoredObject]:
    """Remove what apps of the bound tenant left: return the rows.

    Public objects that are deleted and still public; private ones that have been deleted for DELETED_FILES_KEPT_DAYS;
    files whose transaction never was committed. Idempotent, and safe beside apps and beside itself.
    """
    rows = [*unburied(), *unclaimed(), *kept_long_enough()]
    return rows if dry_run else [row for row in rows if _swept(row)]


def unburied() -> list[StoredObject]:
    return list(StoredObject.objects.filter(state=State.DELETED, area=Area.PUBLIC))


def unclaimed() -> list[StoredObject]:
    old = Q(created_at__lt=timezone.now() - PENDING_LIFETIME)
    kind = StoredObject.Kind.APP
    return list(StoredObject.objects.filter(old, kind=kind, state=State.STORED, claimed_at=None))


def kept_long_enough() -> list[StoredObject]:
    before = timezone.now() - timedelta(days=settings.DELETED_FILES_KEPT_DAYS)
    return list(
        StoredObject.objects.filter(state=State.DELETED, area=Area.PRIVATE, deleted_at__lt=before)
    )


def _swept(row: StoredObject) -> bool:
    if row.state == State.DELETED and row.area == Area.PUBLIC:
        return bury(row)
    known = Q(claimed_at=None) if row.state == State.STORED else Q()
    return row.leave(known) and take_away(row)
