"""A suspended tenant's public objects: how many stay, and how they come back. A run goes on where one ended.

How they go is long work: media_core/upkeep/operations.py.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet, Sum

from media_core.bucket.object_counts import count_objects
from media_core.bucket.public_access import public_reaches_objects
from media_core.documents.models import Document
from media_core.documents.publishing import bring_back
from media_core.ledger.models import StoredObject
from media_core.storages.object_copies import remove_abandoned
from tenants.errors import GatewayError
from tenants.models import Tenant

State = StoredObject.State

logger = logging.getLogger("media_core.upkeep")

# Called with how many are done, and how many there are.
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class TakedownResult:
    """What a run did: how many, and what it could not do, by the id."""

    done: int = 0
    failed: dict[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublicCounts:
    """How many objects strangers reach without the gateway, and how large they are together."""

    objects: int
    size_bytes: int


def count_public() -> PublicCounts:
    """Return what of the bound tenant is public whether it is served or not. One query.

    That is what lies in the bucket: what is on disk the gateway sends, and no more from that moment.
    """
    if settings.PUBLIC_MEDIA_MODE == "gateway":
        return PublicCounts(0, 0)
    # The object of a pending row may be in the bucket already.
    there = [State.PENDING, State.STORED, State.CONDEMNED]
    rows = list_in_bucket().filter(area=StoredObject.Area.PUBLIC, state__in=there)
    return PublicCounts(rows.count(), rows.aggregate(total=Sum("size_bytes"))["total"] or 0)


def count_listed_public(tenant: Tenant) -> PublicCounts:
    """Count a tenant's public objects in the bucket, when its ledger cannot be read. Raises BucketUnavailable."""
    if settings.PUBLIC_MEDIA_MODE == "gateway" or not settings.BUCKET_NAME:
        return PublicCounts(0, 0)
    return PublicCounts(*count_objects(tenant.prefix, StoredObject.Area.PUBLIC))


def give_up_unfinished() -> None:
    """Give up the bound tenant's public uploads that are not finished: their objects may be in the bucket already.

    An upload that is still under way fails. Raises BucketUnavailable. One query and one bucket request for each.
    """
    unfinished = [State.PENDING, State.ABANDONED]
    for row in StoredObject.objects.filter(area=StoredObject.Area.PUBLIC, state__in=unfinished):
        row.abandon_or_reopen()
        remove_abandoned(row)


def has_live_links() -> bool:
    """Return whether links that were given out work without the gateway: presigned ones do. One query at most."""
    return settings.USE_S3_MEDIA or list_in_bucket().exists()


def list_in_bucket() -> QuerySet[StoredObject]:
    """Return the bound tenant's objects that are in the bucket, or are not known to have left it."""
    bucket = StoredObject.Place.BUCKET
    return StoredObject.objects.filter(Q(place=bucket) | Q(left_in=bucket))


def bring_all_back(progress: Progress) -> TakedownResult:
    """Let the public get every document of the bound tenant again that was taken down.

    So it also gives copies to those that were published while the mode made none.
    """
    return run_for_each(list_documents_taken_down(), bring_back, progress)


def list_documents_taken_down() -> list[UUID]:
    """Return the public documents of which the public gets nothing, or not in the way of the mode. One query."""
    rows = Document.objects.public().filter(public_copy=None)
    if not public_reaches_objects():
        rows = rows.filter(shows_original=False)
    return list(rows.values_list("pk", flat=True))


def run_for_each(
    rows: Iterable[UUID], move: Callable[[UUID], object], progress: Progress
) -> TakedownResult:
    """Move one after the other, and say what came of it; one that fails does not stop the others."""
    moved, asked = TakedownResult(), list(rows)
    for number, row_id in enumerate(asked, start=1):
        try:
            move(row_id)
            moved.done += 1
        except GatewayError as error:
            logger.warning("%s was not moved: %s", row_id, error)
            moved.failed[row_id] = str(error)
        progress(number, len(asked))
    return moved
