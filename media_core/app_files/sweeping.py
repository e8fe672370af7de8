"""What is left of the files of apps: deleted ones when their time is over, and those that no transaction claimed."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from media_core.app_files.deleting import bury
from media_core.errors import ObjectDiffers
from media_core.ledger.models import PENDING_LIFETIME, StoredObject
from media_core.storages.copies import take_away

State, Area = StoredObject.State, StoredObject.Area

logger = logging.getLogger("media_core.app_files")


def sweep_app_files(*, dry_run: bool = False) -> list[StoredObject]:
    """Remove what apps of the bound tenant are done with; return the rows.

    Public objects that were deleted and are public still; those that were deleted DELETED_FILES_KEPT_DAYS ago; those
    whose app's transaction never was committed. Idempotent, and safe beside apps and beside itself. Two bucket
    requests for the first, one for the others.
    """
    rows: list[StoredObject] = list(StoredObject.objects.filter(_done_with(timezone.now())))
    return rows if dry_run else [row for row in rows if remove_done_with(row)]


def _done_with(now: datetime) -> Q:
    kept_since = now - timedelta(days=settings.DELETED_FILES_KEPT_DAYS)
    public = Q(state=State.DELETED, area=Area.PUBLIC)
    over = Q(state=State.DELETED, area=Area.PRIVATE, deleted_at__lt=kept_since)
    old = Q(created_at__lt=now - PENDING_LIFETIME)
    return public | over | old & Q(kind=StoredObject.Kind.APP, state=State.STORED, claimed_at=None)


def remove_done_with(row: StoredObject) -> bool:
    """Remove one of these; return False when it has to stay for now, or is wanted after all."""
    if row.state == State.STORED:
        return _left_unclaimed(row) and take_away(row)
    if row.area == Area.PRIVATE:
        return row.condemn() and take_away(row)
    try:
        return bury(row)
    except ObjectDiffers as error:
        logger.warning("The public object %s stays until the next sweep: %s", row.pk, error)
        return False


def _left_unclaimed(row: StoredObject) -> bool:
    """Let a file go that nobody claims; one that a transaction just now may be claiming is left alone."""
    rows = StoredObject.objects.filter(pk=row.pk, claimed_at=None)
    with transaction.atomic():
        free = rows.select_for_update(skip_locked=True).first()
        return bool(free) and row.condemn(Q(claimed_at=None))
