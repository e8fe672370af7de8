"""What PostgreSQL holds the ledger to: which rows there cannot be, and how the others are found."""

from django.db import models

INDEXES = [
    models.Index(
        name="stored_object_given_up",
        fields=["created_at"],
        condition=models.Q(state__in=["pending", "abandoned", "condemned"]),
    ),
    models.Index(
        name="stored_object_left_behind",
        fields=["created_at"],
        condition=~models.Q(left_in=""),
    ),
]
CONSTRAINTS = [
    # Only a public file of an app may be under a name that was used before, once its object is gone.
    models.UniqueConstraint(
        name="stored_object_name_once",
        fields=["name"],
        condition=~models.Q(kind="app", state="gone"),
    ),
    models.CheckConstraint(
        name="stored_object_name_in_area",
        condition=models.Q(area="media", name__startswith="media/")
        | models.Q(area="private", name__startswith="private/"),
    ),
    models.CheckConstraint(
        name="stored_object_state_has_times",
        condition=models.Q(state__in=["pending", "abandoned"], stored_at=None, gone_at=None)
        | models.Q(state="stored", stored_at__isnull=False, gone_at=None)
        | models.Q(
            state="condemned", stored_at__isnull=False, purge_after__isnull=False, gone_at=None
        )
        | models.Q(state="gone", gone_at__isnull=False),
    ),
    models.CheckConstraint(
        name="stored_object_place_is_known",
        condition=models.Q(place__in=["bucket", "disk"], left_in__in=["", "bucket", "disk"])
        & ~models.Q(left_in=models.F("place")),
    ),
    models.CheckConstraint(
        name="stored_object_only_condemned_purged",
        condition=models.Q(purge_after=None) | models.Q(state__in=["condemned", "gone"]),
    ),
    models.CheckConstraint(
        name="stored_object_holds_quota",
        condition=models.Q(charged_bytes=0)
        | ~models.Q(state__in=["condemned", "gone"]) & ~models.Q(kind="public_copy"),
    ),
    # An original is written once, under private/, and stays there.
    models.CheckConstraint(
        name="stored_object_area_of_its_kind",
        condition=models.Q(kind="original", area="private")
        | models.Q(kind="public_copy", area="media")
        | models.Q(kind__in=["derivative", "app", "incoming"]),
    ),
]
