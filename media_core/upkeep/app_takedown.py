"""A suspended tenant's public files of apps: out of the public's reach, and back under the name that they had.

Both ways are the same steps: the new object's row, committed; its bytes, read back; one transaction in which it takes
the place of the old one; the old object removed. A kill between any two leaves the file in one of its two places, and
objects that the next run or the sweep removes. While it is taken down nobody else gets its name.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from media_core.ledger.models import StoredObject
from media_core.storages.bucket.requirements import require_to_remove
from media_core.storages.copies import copied, take_away
from media_core.storages.public import prove_public
from media_core.upkeep.takedown import Moved, Progress, each
from tenants.binding import one_at_a_time
from tenants.errors import TooBusy

Area, State = StoredObject.Area, StoredObject.State


def bring_files_back(progress: Progress) -> Moved:
    """Give every file that was taken down back to the public. Raises RemovalRefused."""
    require_to_remove()
    # Whatever an earlier run began and did not end is nobody's any more.
    with one_at_a_time():
        return each(files_taken_down().values_list("pk", flat=True), bring_file_back, progress)


def files_taken_down() -> QuerySet[StoredObject]:
    """Return the bound tenant's files that are taken down."""
    found: QuerySet[StoredObject] = StoredObject.objects.filter(state=State.TAKEN_DOWN)
    return found


def take_file_down(file_id: UUID) -> None:
    """Move a public file to where nobody reaches it; one that is not public any more stays as it is.

    Raises ObjectMissing, ObjectDiffers, UploadLost or BucketUnavailable. Three bucket requests.
    """
    public: StoredObject | None = (
        StoredObject.objects.app_files(Area.PUBLIC).filter(pk=file_id).first()
    )
    if public is not None:
        _moved(public, Area.PRIVATE, {"state": State.TAKEN_DOWN})


def bring_file_back(file_id: UUID) -> None:
    """Give a file that was taken down to the public again, under its name; any other stays as it is.

    Belongs into `one_at_a_time`: what another run is writing would be taken for what a killed one left. Raises as
    `take_file_down`, TooBusy, and BucketRefused where strangers do not get it. Three to five bucket requests.
    """
    hidden = files_taken_down().filter(pk=file_id).first()
    if hidden is None:
        return
    _free_the_key(hidden)
    _moved(hidden, Area.PUBLIC, {"state": State.STORED, "taken_down_at": None})


def _free_the_key(hidden: StoredObject) -> None:
    """Remove the public object of before, or what a run that failed made, where it is still there."""
    there = [State.PENDING, State.ABANDONED, State.CONDEMNED]
    of_its_name = StoredObject.objects.filter(area=Area.PUBLIC, app_name=hidden.app_name)
    there_now = of_its_name.filter(state__in=there)
    for left in there_now:
        left.abandon()
        if not take_away(left) and there_now.filter(pk=left.pk).exists():
            raise TooBusy(f"The object of before, {left.pk}, is being removed: try again.")


def _moved(old: StoredObject, area: StoredObject.Area, after: dict[str, object]) -> None:
    """Let an object in the other area take this one's place, with the name that the app knows."""
    name = str(old.app_name)
    known: dict[str, Any] = {
        "app_name": name,
        "claimed_at": old.claimed_at,
        "taken_down_at": timezone.now(),
    }
    with copied(old, area=area, file_name=name.rpartition("/")[2], **known) as copy:
        if area == Area.PUBLIC:
            prove_public(copy.stored)
        with transaction.atomic():
            copy.stored.replace(old, copy.etag, **after)
    take_away(old)
