"""What a tenant's used bytes are made of, as the ledger knows it."""

from dataclasses import dataclass

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from media_core.ledger.models import StoredObject

IS_APP_FILE = Q(kind=StoredObject.Kind.APP)


@dataclass(frozen=True, slots=True)
class UsageByKind:
    """How many objects, and how many bytes of the quota they hold."""

    objects: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StorageUsage:
    """The parts of what is used: together they are all of it."""

    documents: UsageByKind
    app_files: UsageByKind

    @property
    def is_mixed(self) -> bool:
        """Whether there is more than documents: else the parts say no more than the sum."""
        return bool(self.app_files.objects)


def read_storage_usage() -> StorageUsage:
    """Return what the bound tenant keeps, by what it is. One query over its ledger."""
    parts = {"documents": ~IS_APP_FILE, "app_files": IS_APP_FILE}
    counted = {f"{name}_objects": Count("pk", filter=part) for name, part in parts.items()}
    summed = {
        f"{name}_bytes": Coalesce(Sum("charged_bytes", filter=part), 0)
        for name, part in parts.items()
    }
    found = StoredObject.objects.stored().aggregate(**counted, **summed)
    return StorageUsage(
        **{name: UsageByKind(found[f"{name}_objects"], found[f"{name}_bytes"]) for name in parts}
    )
