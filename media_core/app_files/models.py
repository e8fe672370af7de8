"""Files of apps: what an app calls each, which object has its bytes, and its own life."""

from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Q
from django.utils import timezone

from media_core.errors import UploadLost
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import PENDING_LIFETIME
from media_core.rows import TenantModel, TenantRowManager, TenantRowQuerySet

# Where the private objects of apps lie; also their kind in the ledger.
APP_FOLDER = "app"


class AppFileQuerySet(TenantRowQuerySet["AppFile"]):
    def live(self, area: str) -> Self:
        """Return the files that apps have in this area: saved, by a transaction that was committed, and not deleted."""
        return self.filter(area=area, state__in=[AppFile.State.SAVED, AppFile.State.TAKEN_DOWN])

    def deleted_not_condemned(self) -> Self:
        """Return those that were deleted, and whose object still has to be condemned."""
        return self.filter(
            state=AppFile.State.DELETED, stored_object__state=StoredObject.State.STORED
        )

    def unclaimed(self) -> Self:
        """Return those whose save failed, was killed, or was rolled back by the app."""
        given_up = [StoredObject.State.ABANDONED, StoredObject.State.GONE]
        old = Q(created_at__lt=timezone.now() - PENDING_LIFETIME)
        return self.filter(old | Q(stored_object__state__in=given_up), state=AppFile.State.SAVING)

    def awaiting_publication(self) -> Self:
        """Return public files whose object lies under `private/` still, of a tenant that is served."""
        return self.filter(
            state=AppFile.State.SAVED,
            area=StoredObject.Area.PUBLIC,
            stored_object__area=StoredObject.Area.PRIVATE,
        ).served_now()


class AppFile(TenantModel):
    """A file that an app keeps under a name of its own.

    saving → saved → deleted, the last two in the app's own transaction. A public file of a suspended tenant is taken
    down meanwhile: the app has it, the public has not, and nobody else gets its name. Its bytes never change, but its
    object does: a public file that is deleted or taken down moves to `private/app/<id>/`.
    """

    class State(models.TextChoices):
        SAVING = "saving"
        SAVED = "saved"
        TAKEN_DOWN = "taken_down"
        DELETED = "deleted"

    area = models.CharField(max_length=20, choices=StoredObject.Area)
    # Relative to the area.
    name = models.CharField(max_length=900)
    stored_object = models.OneToOneField(
        StoredObject, on_delete=models.PROTECT, related_name="app_file"
    )
    state = models.CharField(max_length=20, choices=State, default=State.SAVING)
    created_at = models.DateTimeField(auto_now_add=True)
    saved_at = models.DateTimeField(null=True)
    # When the transaction began in which the app deleted it.
    deleted_at = models.DateTimeField(null=True)

    objects = TenantRowManager.from_queryset(AppFileQuerySet)()  # type: ignore[misc]  # the stubs take it for an instance variable

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(
                name="app_file_saving", fields=["created_at"], condition=Q(state="saving")
            ),
            models.Index(
                name="app_file_deleted", fields=["deleted_at"], condition=Q(state="deleted")
            ),
        ]
        constraints = [
            # It also serves to find and list by name: a collation other than C orders no beginnings.
            models.UniqueConstraint(
                name="app_file_name_once",
                fields=["area", "name"],
                condition=Q(state__in=["saving", "saved", "taken_down"]),
                opclasses=["varchar_pattern_ops", "varchar_pattern_ops"],
            ),
            models.CheckConstraint(
                name="app_file_state_has_times",
                condition=Q(state="saving", saved_at=None, deleted_at=None)
                | Q(state="saved", saved_at__isnull=False, deleted_at=None)
                | Q(state="taken_down", area="media", saved_at__isnull=False, deleted_at=None)
                | Q(state="deleted", saved_at__isnull=False, deleted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def file_name(self) -> str:
        """What people call the file: the last part of its name."""
        return self.name.rpartition("/")[2]

    @property
    def public_name(self) -> str:
        """What its object is called in the room while the public gets it."""
        return f"{StoredObject.Area.PUBLIC}/{self.name}"

    def build_key_arguments(self, area: str) -> dict[str, str]:
        """Return what the ledger makes the key of its object in this area from. Only a public key may come again."""
        if area == StoredObject.Area.PUBLIC:
            return {"name": self.public_name}
        return {"folder": f"{APP_FOLDER}/{self.pk}/"}

    def claim(self) -> None:
        """It is the app's as soon as this transaction is committed. Raises UploadLost. One UPDATE."""
        self.saved_at = timezone.now()
        after = {"state": self.State.SAVED, "saved_at": self.saved_at, "name": self.name}
        if not self._change_state(Q(state=self.State.SAVING), **after):
            raise UploadLost

    def mark_deleted(self) -> bool:
        """The app deleted it: nobody reaches it from here on, and its bytes are kept for a while. One UPDATE."""
        live = Q(state__in=[self.State.SAVED, self.State.TAKEN_DOWN])
        return self._change_state(live, state=self.State.DELETED, deleted_at=TransactionNow())

    def condemn_object(self) -> bool:
        """Let the object of a deleted file go, once no backup of the database names the file any more."""
        return self.stored_object.condemn(keep_for=timedelta(days=settings.RETENTION_DAYS))

    def point_to(self, stored: StoredObject, *, state: State) -> None:
        """Its bytes are in another object now. Raises UploadLost when it is not as it was read. One UPDATE."""
        as_it_was = Q(state=self.state, stored_object=self.stored_object_id)
        if not self._change_state(as_it_was, stored_object=stored, state=state):
            raise UploadLost
        self.stored_object, self.state = stored, state

    def _change_state(self, before: Q, **after: Any) -> bool:
        self.refuse_another_tenant()
        return bool(AppFile.objects.filter(before, pk=self.pk).update(**after))
