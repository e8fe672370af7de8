"""The object ledger: one row for every object in a tenant's room, committed before the object is written."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.utils import timezone

from media_core.errors import UploadLost
from media_core.rows import RoomManager, RoomModel, RoomQuerySet
from media_core.storages.content_types import content_type_of
from tenants.binding import bound_tenant
from tenants.prefixes import ObjectKey, safe_name

# Longer than any request may take, so that nothing that is still being written is given up. A failed upload waits
# as long: a PUT that timed out here may still come to its end in the bucket.
PENDING_LIFETIME = timedelta(hours=1)


class StoredObjectQuerySet(RoomQuerySet["StoredObject"]):
    def reserve(self, *, file_name: str, size_bytes: int, sha256: str) -> "StoredObject":
        """Return a pending row for an object that is about to be written, under a key that never was before."""
        object_id = uuid.uuid4()
        row: StoredObject = self.create(
            id=object_id,
            name=f"private/{object_id}/{safe_name(file_name)}",
            area=StoredObject.Area.PRIVATE,
            kind=StoredObject.Kind.DOCUMENT,
            size_bytes=size_bytes,
            content_type=content_type_of(file_name),
            sha256=sha256,
        )
        return row

    def stored(self) -> Self:
        return self.filter(state=StoredObject.State.STORED)

    def given_up(self, now: datetime) -> Self:
        """Return what a killed or failed upload left: objects that may be in the bucket and belong to nothing."""
        unfinished = [StoredObject.State.PENDING, StoredObject.State.ABANDONED]
        return self.filter(state__in=unfinished, created_at__lt=now - PENDING_LIFETIME)


class StoredObject(RoomModel):
    """One object in the room: what it is called relative to the room, what it is, and since when.

    pending → stored, or pending → abandoned → gone; back to abandoned when its bytes came after it was gone.
    Each step is one conditional UPDATE.
    """

    class Area(models.TextChoices):
        PUBLIC = "media"
        PRIVATE = "private"

    class Kind(models.TextChoices):
        DOCUMENT = "document"
        VERSION = "version"
        DERIVED = "derived"
        APP = "app"
        INCOMING = "incoming"

    class State(models.TextChoices):
        PENDING = "pending"
        STORED = "stored"
        ABANDONED = "abandoned"
        GONE = "gone"

    name = models.CharField(max_length=900, unique=True)
    area = models.CharField(max_length=20, choices=Area)
    kind = models.CharField(max_length=20, choices=Kind)
    size_bytes = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    etag = models.CharField(max_length=80, default="")
    state = models.CharField(max_length=20, choices=State, default=State.PENDING)
    created_at = models.DateTimeField(auto_now_add=True)
    stored_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)

    objects = RoomManager.from_queryset(StoredObjectQuerySet)()  # type: ignore[misc]  # the stubs take it for an instance variable

    class Meta(RoomModel.Meta):
        indexes = [
            models.Index(
                name="stored_object_given_up",
                fields=["created_at"],
                condition=models.Q(state__in=["pending", "abandoned"]),
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="stored_object_name_in_area",
                condition=models.Q(area="media", name__startswith="media/")
                | models.Q(area="private", name__startswith="private/"),
            ),
            models.CheckConstraint(
                name="stored_object_state_has_times",
                condition=models.Q(state__in=["pending", "abandoned"], stored_at=None, gone_at=None)
                | models.Q(state="stored", stored_at__isnull=False, gone_at=None)
                | models.Q(state="gone", gone_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> ObjectKey:
        """The object's key in the bucket, in the bound tenant's room."""
        self.refuse_another_tenant()
        return bound_tenant().prefix.key(self.name)

    def mark_stored(self, etag: str) -> None:
        """The object is in the bucket. Raises UploadLost when the row was given up meanwhile. One UPDATE."""
        self.state, self.etag, self.stored_at = self.State.STORED, etag, timezone.now()
        if not self._step(
            self.State.PENDING, state=self.state, etag=etag, stored_at=self.stored_at
        ):
            raise UploadLost

    def abandon(self) -> bool:
        """Nobody will finish this upload; the sweep removes what it left. One UPDATE."""
        return self._step(self.State.PENDING, state=self.State.ABANDONED)

    def give_up(self) -> bool:
        """The upload failed, maybe after its row was swept: what came after the sweep is swept again. Two UPDATEs."""
        return self.abandon() or self._step(
            self.State.GONE, state=self.State.ABANDONED, gone_at=None
        )

    def mark_gone(self) -> bool:
        """The object is no longer in the bucket. One UPDATE."""
        return self._step(self.State.ABANDONED, state=self.State.GONE, gone_at=timezone.now())

    def _step(self, before: State, **after: Any) -> bool:
        self.refuse_another_tenant()
        return bool(StoredObject.objects.filter(pk=self.pk, state=before).update(**after))
