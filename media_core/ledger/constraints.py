"""What PostgreSQL holds the ledger to: which rows there cannot be, and how the others are found."""

from django.db import models
from django.db.models.functions import Concat

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
    models.Index(
        name="stored_object_deleted",
        fields=["deleted_at"],
        condition=models.Q(state="deleted"),
    ),
    models.Index(
        name="stored_object_unclaimed",
        fields=["created_at"],
        condition=models.Q(kind="app", state="stored", claimed_at=None),
    ),
]
CONSTRAINTS = [
    # Only a public file of an app may be under a name that was used before, once its object is gone.
    models.UniqueConstraint(
        name="stored_object_name_once",
        fields=["name"],
        condition=~models.Q(kind="app", state="gone"),
    ),
    # It also serves to find and list by name: a collation other than C orders no beginnings.
    models.UniqueConstraint(
        name="app_file_name_once",
        fields=["area", "app_name"],
        condition=models.Q(
            kind="app", state__in=["pending", "stored"], deleted_at=None, taken_down_at=None
        ),
        opclasses=["varchar_pattern_ops", "varchar_pattern_ops"],
    ),
    # Nobody takes the public name of a file that is taken down: it is to come back under it.
    models.UniqueConstraint(
        name="app_file_name_kept",
        fields=["app_name"],
        condition=models.Q(kind="app", state="taken_down")
        | models.Q(
            kind="app",
            area="media",
            state__in=["pending", "stored"],
            deleted_at=None,
            taken_down_at=None,
        ),
    ),
    models.CheckConstraint(
        name="stored_object_taken_down_app",
        condition=models.Q(taken_down_at=None) & ~models.Q(state="taken_down")
        | models.Q(kind="app", taken_down_at__isnull=False) & ~models.Q(state="stored"),
    ),
    models.CheckConstraint(
        name="stored_object_app_name_of_apps",
        condition=models.Q(kind="app", app_name__isnull=False)
        | (~models.Q(kind="app") & models.Q(app_name=None, claimed_at=None, deleted_at=None)),
    ),
    models.CheckConstraint(
        name="stored_object_public_app_key",
        condition=~models.Q(kind="app", area="media")
        | models.Q(name=Concat(models.Value("media/"), "app_name")),
    ),
    models.CheckConstraint(
        name="stored_object_name_in_area",
        condition=models.Q(area="media", name__startswith="media/")
        | models.Q(area="private", name__startswith="private/"),
    ),
    models.CheckConstraint(
        name="stored_object_state_has_times",
        condition=models.Q(state__in=["pending", "abandoned"], stored_at=None, gone_at=None)
        | models.Q(state="stored", stored_at__isnull=False, deleted_at=None, gone_at=None)
        | models.Q(state="deleted", stored_at__isnull=False, deleted_at__isnull=False, gone_at=None)
        | models.Q(
            state="taken_down",
            area="private",
            stored_at__isnull=False,
            deleted_at=None,
            gone_at=None,
        )
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
