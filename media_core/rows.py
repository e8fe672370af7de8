"""The base of every tenant's row: it knows its tenant, and is found only in that tenant's schema."""

import uuid
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Exists

from tenants.binding import bound_tenant
from tenants.errors import RowOfAnotherTenant
from tenants.stamp.models import Stamp


def in_the_right_schema() -> Exists:
    """Return the condition that the connection really stands in the bound tenant's schema."""
    return Exists(Stamp.objects.filter(tenant_id=bound_tenant().id))


class RoomManager(models.Manager[Any]):
    """Asks the stamp in every query: a wrong search_path, whatever caused it, finds, changes and deletes nothing.

    A query set that was built for one tenant and runs when another is bound finds nothing either.
    """

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(in_the_right_schema())


class RoomModel(models.Model):
    """A row in a tenant's schema. It refuses to be saved or deleted under another tenant than its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    objects = RoomManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tenant_id: UUID = bound_tenant().id

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._refuse_another_tenant()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self._refuse_another_tenant()
        return super().delete(*args, **kwargs)

    def _refuse_another_tenant(self) -> None:
        if self._tenant_id != bound_tenant().id:
            raise RowOfAnotherTenant(
                f"{type(self).__name__} {self.pk}: load it again under the bound tenant."
            )
