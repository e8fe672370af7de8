"""Moving what is stored between disk and bucket while the site is served. Keys stay, and so do all addresses.

For each object: the row says that a copy may lie at the new place, committed; the bytes, read back; one UPDATE by
which the new place counts and the old one is left; the old object removed. A kill between any two leaves an object that
is read where its row says, and a row that says where else a copy may be. The next step goes on from there.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.utils import timezone

from media_core.bucket.requirements import require_to_remove
from media_core.errors import MoveRefused, ObjectDiffers
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import StoredObjectQuerySet
from media_core.rows import confirm_schema
from media_core.storages.object_copies import remove_object
from media_core.storages.tenant_storage import find_storage, get_tenant_storage, verify_bytes
from tenants.jobs.operation_kinds import (
    OperationItem,
    OperationTotals,
    OperationWork,
    Parameters,
    iterate_ids,
)

Place = StoredObject.Place
State = StoredObject.State
# What others are removing, everywhere.
REMOVED_BY_OTHERS = frozenset({State.CONDEMNED, State.ABANDONED})
OTHER_PLACE = {Place.DISK: Place.BUCKET, Place.BUCKET: Place.DISK}


class StorageMove(OperationWork):
    """Move every stored object of the bound tenant to one place: `{"to": "bucket"}`.

    Safe beside everything else. Two that go different ways would remove each other's copies, so there is one at a time.
    Four bucket or disk operations and three UPDATEs for each object.
    """

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self.to = Place(parameters["to"])

    def begin(self) -> None:
        refuse_the_wrong_way(self.to)
        require_to_remove()
        # Under a wrong search_path nothing would be found, and everything be taken for moved.
        confirm_schema()

    def count(self) -> OperationTotals:
        found = self._list_rows().aggregate(objects=Count("pk"), size_bytes=Sum("size_bytes"))
        return OperationTotals(found["objects"], int(found["size_bytes"] or 0))

    def iterate(self, cursor: str) -> Iterator[OperationItem]:
        if cursor:
            under_way = StoredObject.objects.filter(pk=cursor).values_list("pk", "size_bytes")
            yield from (OperationItem(str(row_id), row_id, size) for row_id, size in under_way)
        for row_id, size_bytes in iterate_ids(self._list_rows(), size="size_bytes", after=cursor):
            yield OperationItem(str(row_id), row_id, size_bytes)

    def work_on(self, item: OperationItem) -> bool:
        """Move one. Raises ObjectMissing, ObjectDiffers or BucketUnavailable; then it still counts where it was."""
        row: StoredObject | None = StoredObject.objects.filter(pk=item.object_id).first()
        if row is None or row.state in REMOVED_BY_OTHERS:
            return False
        is_kept = row.state == State.STORED
        if not is_kept and not row.left_in:
            return False
        if is_kept and row.place != self.to and not move(row, self.to):
            return False
        remove_left(row)
        return True

    def finish(self) -> None:
        """Nothing is left to do."""

    def _list_rows(self) -> StoredObjectQuerySet:
        """Return what is to move, and what an earlier move left behind."""
        left_behind = ~Q(left_in="") & ~Q(state__in=REMOVED_BY_OTHERS)
        found: StoredObjectQuerySet = StoredObject.objects.filter(
            _match_unmoved(self.to) | left_behind
        )
        return found


def refuse_the_wrong_way(to: Place) -> None:
    """Raise MoveRefused while new files would still go to the place that is to be emptied, or it cannot be reached."""
    if (to == Place.BUCKET) != settings.USE_S3_MEDIA:
        raise MoveRefused(
            f"New files would still go to the {OTHER_PLACE[to]}: set USE_S3_MEDIA={to == Place.BUCKET} first, "
            "for the running gateway too."
        )
    if not (settings.BUCKET_NAME and settings.BUCKET_ACCESS_KEY and settings.BUCKET_SECRET_KEY):
        raise MoveRefused("Keep the bucket's AWS_ variables set until nothing is left in it.")


def count_unmoved(to: Place) -> tuple[int, int]:
    """Return how many objects of the bound tenant's, and bytes, are not or not only at this place. One query."""
    rows = StoredObject.objects.filter(_match_unmoved(to) | ~Q(left_in=""))
    size_bytes = rows.aggregate(sum=Sum("size_bytes"))["sum"]
    return rows.count(), int(size_bytes or 0)


def _match_unmoved(to: Place) -> Q:
    return Q(state=State.STORED, place=OTHER_PLACE[to])


def move(row: StoredObject, to: Place) -> bool:
    """Write the object at its new place, prove it, and let that place count; return False when it left meanwhile.

    Raises ObjectMissing, ObjectDiffers or BucketUnavailable; then it still counts where it was.
    """
    stored = StoredObject.objects.filter(pk=row.pk, state=row.state, place=row.place)
    if not stored.filter(left_in__in=["", to]).update(left_in=to):
        return False
    with claim_key(row) as is_there:
        return is_there and _move_object(row, to)


def _move_object(row: StoredObject, to: Place) -> bool:
    stored = StoredObject.objects.filter(pk=row.pk, state=row.state, place=row.place)
    target, etag = get_tenant_storage(row.area, to), write_copy(row, to)
    same_claim = Q(pk=row.pk, removal_until=row.removal_until, removal_until__gt=timezone.now())
    if not stored.filter(left_in=to).update(place=to, left_in=row.place, etag=etag):
        # Nobody points to it any more, and nothing else would remove what was written just now.
        if row.has_unique_key or StoredObject.objects.filter(same_claim).exists():
            target.remove(row)
        return False
    row.place, row.left_in, row.etag = to, row.place, etag
    return True


@contextmanager
def claim_key(row: StoredObject) -> Iterator[bool]:
    """Say whether a public file of an app is still there; nobody removes it, and takes its key, before the block ends.

    The key of any other object is its own for ever, so nothing is held for it. Two UPDATEs, and the removal of one that
    was deleted meanwhile; nothing for any other.
    """
    if row.has_unique_key:
        yield True
        return
    if row.state == State.GONE or not row.claim_move():
        yield False
        return
    try:
        yield True
    finally:
        row.release_removal()
    for deleted in StoredObject.objects.filter(pk=row.pk, state=State.CONDEMNED):
        remove_object(deleted)


def write_copy(row: StoredObject, to: Place) -> str:
    """Write the object at its new place as well, and prove it there; return its ETag."""
    target = get_tenant_storage(row.area, to)
    if row.place == Place.DISK:
        # A bucket does not say what is wrong with a body that is not as it was announced.
        verify_bytes(row)
    with find_storage(row).read(row) as body:
        etag = target.put(row, body, file_name=find_file_name(row))
    try:
        verify_bytes(row, place=to)
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
    with claim_key(row) as is_there:
        if is_there:
            get_tenant_storage(row.area, row.left_in).remove(row)
    known = StoredObject.objects.filter(pk=row.pk, place=row.place, left_in=row.left_in)
    if not is_there:
        # One that was deleted just now is removed by others, who have to know of the copy until it is gone.
        known = known.filter(state=State.GONE)
    known.update(left_in="")


def find_file_name(row: StoredObject) -> str:
    """Return what people call the object, for the headers it is stored with. Four queries at most."""
    for owner in (
        "document__name",
        "published_document__name",
        "versions__file_name",
        "app_file__name",
    ):
        name = StoredObject.objects.filter(pk=row.pk).values_list(owner, flat=True)
        if found := name.first():
            return str(found).rpartition("/")[2]
    return row.name.rpartition("/")[2]
