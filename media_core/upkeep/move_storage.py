"""Moving what is stored between disk and bucket while the site is served. Keys stay, and so do all addresses.

For each object: the row says that a copy may lie at the new place, committed; the bytes, read back; one UPDATE by
which the new place counts and the old one is left; the old object removed. A kill between any two leaves an object that
is read where its row says, and a row that says where else a copy may be. The next run goes on from there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum

from media_core.errors import MoveRefused, ObjectDiffers
from media_core.storages.models import StoredObject
from media_core.storages.room import room_storage, storage_of, verify
from tenants.binding import one_at_a_time
from tenants.errors import GatewayError

Place = StoredObject.Place
State = StoredObject.State
# Of apps' files those too that are deleted and kept, and those that are taken down.
KEPT = frozenset({State.STORED, State.DELETED, State.TAKEN_DOWN})
OTHER = {Place.DISK: Place.BUCKET, Place.BUCKET: Place.DISK}


@dataclass(slots=True)
class Moved:
    """What a run did in one room: how much came, and which objects did not."""

    objects: int = 0
    size_bytes: int = 0
    failed: list[tuple[StoredObject, GatewayError]] = field(default_factory=list)

    def add(self, row: StoredObject) -> None:
        self.objects += 1
        self.size_bytes += row.size_bytes


def refuse_the_wrong_way(to: Place) -> None:
    """Raise MoveRefused while new files would still go to the place that is to be emptied, or it cannot be reached."""
    if (to == Place.BUCKET) != settings.USE_S3_MEDIA:
        raise MoveRefused(
            f"New files would still go to the {OTHER[to]}: set USE_S3_MEDIA={to == Place.BUCKET} first, "
            "for the running gateway too."
        )
    if not (settings.BUCKET_NAME and settings.BUCKET_ACCESS_KEY and settings.BUCKET_SECRET_KEY):
        raise MoveRefused("Keep the bucket's AWS_ variables set until nothing is left in it.")


def left_to_move(to: Place) -> tuple[int, int]:
    """Return how many objects of the bound tenant's, and bytes, are not or not only at this place. One query."""
    rows = StoredObject.objects.filter(_to_move(to) | ~Q(left_in=""))
    size_bytes = rows.aggregate(sum=Sum("size_bytes"))["sum"]
    return rows.count(), int(size_bytes or 0)


def _to_move(to: Place) -> Q:
    return Q(state__in=KEPT, place=OTHER[to])


def move_room(to: Place, *, tell: Callable[[Moved], None]) -> Moved:
    """Move every stored object of the bound tenant to this place; one that fails does not stop the others.

    `tell` hears of each. Safe beside everything else, and beside itself: a second run waits for the first. Four bucket
    or disk operations and three UPDATEs for each object.
    """
    moved = Moved()
    # Two runs that go different ways would remove each other's copies.
    with one_at_a_time():
        for row in _rows_to_work_on(to):
            try:
                if row.place != to and row.state in KEPT and not move(row, to):
                    continue
                remove_left(row)
            except GatewayError as error:
                moved.failed.append((row, error))
            else:
                moved.add(row)
            tell(moved)
    return moved


def _rows_to_work_on(to: Place) -> Iterator[StoredObject]:
    """Yield what is to move, and what a run before left; read one after the other, for this may take hours."""
    left_behind = ~Q(left_in="") & ~Q(state__in=[State.LEAVING, State.ABANDONED])
    found = StoredObject.objects.filter(_to_move(to) | left_behind).order_by("created_at")
    for object_id in list(found.values_list("pk", flat=True)):
        yield from StoredObject.objects.filter(pk=object_id)


def move(row: StoredObject, to: Place) -> bool:
    """Write the object at its new place, prove it, and let that place count; return False when it left meanwhile.

    Raises ObjectMissing, ObjectDiffers or BucketUnavailable; then it still counts where it was.
    """
    stored = StoredObject.objects.filter(pk=row.pk, state=row.state, place=row.place)
    if not stored.filter(left_in__in=["", to]).update(left_in=to):
        return False
    with alone(row) as is_there:
        return is_there and _moved(row, to)


def _moved(row: StoredObject, to: Place) -> bool:
    stored = StoredObject.objects.filter(pk=row.pk, state=row.state, place=row.place)
    target, etag = room_storage(row.area, to), written(row, to)
    if not stored.filter(left_in=to).update(place=to, left_in=row.place, etag=etag):
        # Nobody points to it any more, and nothing else would remove what was written just now.
        target.remove(row)
        return False
    row.place, row.left_in, row.etag = to, row.place, etag
    return True


@contextmanager
def alone(row: StoredObject) -> Iterator[bool]:
    """Say whether a public file of an app is still there; nobody deletes it, and takes its key, before the block ends.

    The key of any other object is its own for ever, so nothing is held for it. One query, none for any other.
    """
    if row.key_is_its_own:
        yield True
        return
    with transaction.atomic():
        there = StoredObject.objects.filter(pk=row.pk, state=row.state).exclude(state=State.GONE)
        yield there.select_for_update(of=("self",)).first() is not None


def written(row: StoredObject, to: Place) -> str:
    """Write the object at its new place as well, and prove it there; return its ETag."""
    target = room_storage(row.area, to)
    if row.place == Place.DISK:
        # A bucket does not say what is wrong with a body that is not as it was announced.
        verify(row)
    with storage_of(row).read(row) as body:
        etag = target.put(row, body, file_name=file_name_of(row))
    try:
        verify(row, place=to)
    except ObjectDiffers:
        # It would be taken for the right one by the next try.
        target.remove(row)
        raise
    return etag


def remove_left(row: StoredObject) -> None:
    """Remove the copy at the place that counts no more, then forget that there was one.

    What was under the key of a public file of an app is removed with the file: somebody else may have the key since.
    """
    if not row.left_in:
        return
    with alone(row) as is_there:
        if is_there:
            room_storage(row.area, row.left_in).remove(row)
    known = StoredObject.objects.filter(pk=row.pk, place=row.place, left_in=row.left_in)
    if not is_there:
        # One that was deleted just now is removed by others, who have to know of the copy until it is gone.
        known = known.filter(state=State.GONE)
    known.update(left_in="")


def file_name_of(row: StoredObject) -> str:
    """Return what people call the object, for the headers it is stored with. One or two queries."""
    for owner in ("document", "published_document"):
        name = StoredObject.objects.filter(pk=row.pk).values_list(f"{owner}__name", flat=True)
        if found := name.first():
            return str(found)
    return (row.app_name or row.name).rpartition("/")[2]
