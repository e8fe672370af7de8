"""The object ledger: one row for every object in a tenant's room, committed before the object is written."""

from datetime import timedelta
from typing import Any, TypeAlias

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from media_core.errors import UploadLost
from media_core.ledger import choices
from media_core.ledger.constraints import CONSTRAINTS, INDEXES
from media_core.ledger.querysets import PENDING_LIFETIME, StoredObjectQuerySet
from media_core.ledger.steps import require_allowed_step
from media_core.rows import TenantModel, TenantRowManager
from tenants import quotas
from tenants.jobs.queue import request_job
from tenants.prefixes import ObjectKey

# Longer than one removal may take, which may read the whole object before, to see whose it is; and than a move.
REMOVAL_LIFETIME = timedelta(hours=1)
# When the sweep looks at an upload that failed, and of which the bucket may have something.
SWEEP_DELAY = timedelta(minutes=1)


class StoredObject(TenantModel):
    """One object in the room: what it is called relative to the room, what it is, and since when.

    pending → stored → condemned → gone, or pending → abandoned → gone; back to abandoned when its bytes came after it
    was gone. Each step is one conditional UPDATE. Its bytes of the quota are reserved while they may be on their way,
    and used until it is condemned. Public copies hold none.
    """

    Area: TypeAlias = choices.Area
    Kind: TypeAlias = choices.Kind
    State: TypeAlias = choices.State
    Place: TypeAlias = choices.Place

    name = models.CharField(max_length=900)
    area = models.CharField(max_length=20, choices=Area)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.ORIGINAL)
    place = models.CharField(max_length=20, choices=Place, default=Place.BUCKET)
    # Where a copy is still to be removed after the object moved to its place; empty when nowhere.
    left_in = models.CharField(max_length=20, choices=Place, default="", blank=True)
    size_bytes = models.PositiveBigIntegerField()
    # How many bytes of the tenant's quota this row holds.
    charged_bytes = models.PositiveBigIntegerField(default=0)
    content_type = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    etag = models.CharField(max_length=80, default="")
    state = models.CharField(max_length=20, choices=State, default=State.PENDING)
    created_at = models.DateTimeField(auto_now_add=True)
    stored_at = models.DateTimeField(null=True)
    # When a condemned object may be removed.
    purge_after = models.DateTimeField(null=True)
    # Until when nobody else may remove its bytes; of objects whose key may be used again.
    removal_until = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)

    # Whether the bucket may have the object, or something of it, though writing it failed. No column.
    may_be_there = True

    objects = TenantRowManager.from_queryset(StoredObjectQuerySet)()  # type: ignore[misc]  # the stubs take it for an instance variable

    class Meta(TenantModel.Meta):
        indexes = INDEXES
        constraints = CONSTRAINTS

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> ObjectKey:
        """The object's key in the bucket, in the bound tenant's room."""
        return self.require_tenant().prefix.build_key(self.name)

    @property
    def has_unique_key(self) -> bool:
        """Whether no other object ever has its key, nor anything else in its last folder."""
        return self.kind != self.Kind.APP or self.area != self.Area.PUBLIC

    def mark_stored(self, etag: str) -> None:
        """The object is in the bucket. Raises UploadLost when the row was given up meanwhile. Two UPDATEs.

        Belongs into the transaction that makes somebody point to it.
        """
        self.state, self.etag, self.stored_at = self.State.STORED, etag, timezone.now()
        after = {"etag": etag, "stored_at": self.stored_at}
        if not self._change_charged_state(self.State.PENDING, state=self.state, **after):
            raise UploadLost
        quotas.charge_reserved(self.charged_bytes)

    def replace(self, old: "StoredObject", etag: str, *, keep_for: timedelta = timedelta()) -> None:
        """This object takes the place of another, and its bytes of the quota; the other is condemned. Two UPDATEs.

        It was announced, not reserved: while both are there the room is charged for one. Raises UploadLost when either
        is not in the state for it. Belongs into the transaction that points to this one.
        """
        if self.charged_bytes:
            raise ValueError("An object that takes another's place holds no quota of its own.")
        after = {"state": self.State.STORED, "charged_bytes": old.charged_bytes}
        after |= {"etag": etag, "stored_at": timezone.now()}
        condemned = old.mark_condemned(keep_for=keep_for)
        if not (condemned and self._change_charged_state(self.State.PENDING, **after)):
            raise UploadLost
        for name, value in after.items():
            setattr(self, name, value)

    def condemn(self, *known: Q, keep_for: timedelta = timedelta()) -> bool:
        """Let the object be removed, after a while or at once: nobody points to it any more. Two UPDATEs at most.

        It holds no quota from here on. Belongs into the transaction in which the last one stops pointing to it.
        """
        charged_bytes = self.charged_bytes
        with transaction.atomic():
            condemned = self.mark_condemned(*known, keep_for=keep_for)
            if condemned and charged_bytes:
                quotas.free_used(charged_bytes)
        return condemned

    def mark_condemned(self, *known: Q, keep_for: timedelta = timedelta()) -> bool:
        """Condemn it; what it held of the quota is for the caller to free or to pass on. One UPDATE."""
        after = {
            "state": self.State.CONDEMNED,
            "charged_bytes": 0,
            "purge_after": timezone.now() + keep_for,
        }
        condemned = self._change_charged_state(self.State.STORED, *known, **after)
        if condemned:
            for name, value in after.items():
                setattr(self, name, value)
        return condemned

    def abandon(self) -> bool:
        """Nobody will finish this upload; the sweep removes what it left. One UPDATE."""
        abandoned = self._change_state(self.State.PENDING, state=self.State.ABANDONED)
        if abandoned:
            self.state = self.State.ABANDONED
        return abandoned

    def abandon_or_reopen(self) -> bool:
        """The upload failed, maybe after its row was swept: what came after the sweep is swept again. Four statements.

        Where the bucket has nothing of it, the row is gone at once, and the quota free. Else the sweep comes soon; a
        row that comes back holds no quota, which the sweep has released.
        """
        with transaction.atomic():
            given_up = self.abandon()
            if given_up and not self.may_be_there:
                return self.mark_gone()
            if given_up and (self.charged_bytes or self.area == self.Area.PUBLIC):
                request_job("sweep", self.require_tenant().id, at=timezone.now() + SWEEP_DELAY)
            return given_up or self._change_state(
                self.State.GONE, state=self.State.ABANDONED, gone_at=None
            )

    def claim_removal(self) -> bool:
        """Let nobody else remove its bytes for REMOVAL_LIFETIME; return False when somebody else does, or did.

        The sweep comes again when the other one, should it have been killed, has had its time. One UPDATE, or three
        statements.
        """
        leaves = Q(state__in=[self.State.CONDEMNED, self.State.ABANDONED])
        if self._claim(leaves):
            return True
        others = StoredObject.objects.filter(pk=self.pk, removal_until__gte=timezone.now())
        for until in others.values_list("removal_until", flat=True):
            request_job("sweep", self.require_tenant().id, at=until)
        return False

    def claim_move(self) -> bool:
        """Let nobody remove its bytes while they move; return False when it left, or somebody does. One UPDATE."""
        return self._claim(Q(state=self.state))

    def _claim(self, is_so: Q) -> bool:
        self.refuse_another_tenant()
        now = timezone.now()
        self.removal_until = now + REMOVAL_LIFETIME
        is_free = Q(removal_until=None) | Q(removal_until__lt=now)
        rows = StoredObject.objects.filter(is_so, is_free, pk=self.pk)
        return bool(rows.update(removal_until=self.removal_until))

    def release_removal(self) -> None:
        """Let others remove its bytes: this one could not. One UPDATE."""
        self.refuse_another_tenant()
        claimed = StoredObject.objects.filter(pk=self.pk, removal_until=self.removal_until)
        claimed.update(removal_until=None)

    def mark_removed(self) -> bool:
        """Its bytes were removed: it is gone, or after a failure waits without quota for an hour. Up to three UPDATEs.

        Until then a PUT may come to its end in the bucket, and the ledger knows of it.
        """
        is_young = self.created_at > timezone.now() - PENDING_LIFETIME
        # The name of an app's public file is free at once: another file may be waiting for it.
        is_awaited = self.charged_bytes or self.kind == self.Kind.PUBLIC_COPY
        if not (is_young and is_awaited and self.state == self.State.ABANDONED):
            return self.mark_gone()
        with transaction.atomic():
            released = self._change_charged_state(
                self.State.ABANDONED, charged_bytes=0, removal_until=None
            )
            if released and self.charged_bytes:
                quotas.release_reserved(self.charged_bytes)
            return released

    def mark_gone(self) -> bool:
        """The object is no longer in the bucket; what was promised to it of the quota is free. Up to three UPDATEs."""
        gone = {
            "state": self.State.GONE, "gone_at": timezone.now(), "charged_bytes": 0,
            "removal_until": None,
        }  # fmt: skip
        with transaction.atomic():
            if self._change_charged_state(self.State.ABANDONED, **gone):
                if self.charged_bytes:
                    quotas.release_reserved(self.charged_bytes)
            elif not self._change_state(self.State.CONDEMNED, **gone):
                return False
            self.state, self.charged_bytes = self.State.GONE, 0
            return True

    def _change_charged_state(self, before: State, *known: Q, **after: Any) -> bool:
        """Change the row when it also holds the quota that this instance says: it may have been gone and come back."""
        return self._change_state(before, Q(charged_bytes=self.charged_bytes), *known, **after)

    def _change_state(self, before: State, *known: Q, **after: Any) -> bool:
        """Change the row when it is in this state."""
        self.refuse_another_tenant()
        require_allowed_step(before, after.get("state", before))
        return bool(StoredObject.objects.filter(*known, pk=self.pk, state=before).update(**after))
