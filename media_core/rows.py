"""The base of every tenant's row: it knows its tenant, and is found only in that tenant's schema."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn, Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import Exists, Func, Value

from tenants.binding import bound_tenant
from tenants.errors import BindingDisagrees, RowOfAnotherTenant
from tenants.models import Tenant
from tenants.stamp.models import Stamp

Row = TypeVar("Row", bound=models.Model)


def schema_stamp_matches() -> Exists:
    """Return the condition that the connection really stands in the bound tenant's schema."""
    return Exists(Stamp.objects.filter(tenant_id=bound_tenant().id))


def confirm_schema() -> None:
    """Raise BindingDisagrees unless the connection stands in the bound tenant's schema. One query.

    For whoever concludes something from rows that are not there.
    """
    if not Stamp.objects.filter(tenant_id=bound_tenant().id).exists():
        raise BindingDisagrees


class StampedId(models.UUIDField):  # type: ignore[type-arg]  # Django's is not generic when it runs
    """A primary key that is written by way of the stamp.

    Under a wrong search_path it is NULL, so PostgreSQL refuses the row: nothing is written into another's schema.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 - Django's signature
        value = super().pre_save(model_instance, add)
        return build_stamped_value(value) if add else value

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        # In a migration it is the column that it is in the database.
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.UUIDField", args, kwargs


def build_stamped_value(value: UUID) -> Func:
    """Return the value as SQL: itself in the bound tenant's schema, NULL in any other."""
    tenant_id = Value(bound_tenant().id, output_field=models.UUIDField())
    return Func(
        Value(value, output_field=models.UUIDField()),
        tenant_id,
        template="(SELECT %(expressions)s)",
        arg_joiner=" FROM stamp_stamp WHERE tenant_id = ",
    )


class TenantRowQuerySet(models.QuerySet[Row]):
    """Takes no row of another tenant, and hands none out when another tenant is bound meanwhile."""

    def served_now(self) -> Self:
        """Return nothing at all when the tenant's row says it is suspended, whatever this process remembers."""
        return self.filter(
            Exists(Tenant.objects.filter(pk=bound_tenant().pk, status=Tenant.Status.ACTIVE))
        )

    def iterator(self, chunk_size: int | None = None) -> Iterator[Row]:
        owner = bound_tenant().id
        for row in super().iterator(chunk_size):
            if bound_tenant().id != owner:
                raise RowOfAnotherTenant
            yield row

    def bulk_create(self, objs: Iterable[Row], *args: Any, **kwargs: Any) -> list[Row]:
        return super().bulk_create(require_own_rows(objs), *args, **kwargs)

    def bulk_update(self, objs: Iterable[Row], *args: Any, **kwargs: Any) -> int:
        return super().bulk_update(require_own_rows(objs), *args, **kwargs)

    def raw(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("Raw SQL does not ask the stamp. Say it with filter().")


class TenantRowManager(models.Manager[Any]):
    """Asks the stamp in every query: a wrong search_path, whatever caused it, finds, changes and deletes nothing.

    A query set that was built for one tenant and runs when another is bound finds nothing either.
    """

    _queryset_class = TenantRowQuerySet

    def get_queryset(self) -> models.QuerySet[Any]:
        # Django says for whom it follows a relation or reads a row again.
        row = self._hints.get("instance")  # type: ignore[attr-defined]  # not in the stubs
        if isinstance(row, TenantModel):
            row.refuse_another_tenant()
        return super().get_queryset().filter(schema_stamp_matches())


class TenantModel(models.Model):
    """A row in a tenant's schema. Under another tenant than its own it refuses to be saved, deleted or read again."""

    id = StampedId(primary_key=True, default=uuid.uuid4, editable=False)

    objects = TenantRowManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tenant_id: UUID = bound_tenant().id

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.refuse_another_tenant()
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> tuple[int, dict[str, int]]:
        self.refuse_another_tenant()
        # By way of the manager: Django deletes a single row by its primary key alone, in whatever schema it stands.
        return type(self).objects.filter(pk=self.pk).delete()

    def refuse_another_tenant(self) -> None:
        """Raise RowOfAnotherTenant when the row was loaded or made under another tenant than the bound one."""
        self.require_tenant()

    def require_tenant(self) -> Tenant:
        """Return the bound tenant, whose row this is. Raises RowOfAnotherTenant when it is another's. No query."""
        tenant = bound_tenant()
        if self._tenant_id != tenant.id:
            raise RowOfAnotherTenant(
                f"{type(self).__name__} {self.pk}: load it again under the bound tenant."
            )
        return tenant


def require_own_rows(rows: Iterable[Row]) -> list[Row]:
    """Return the rows; refuse them all when one is another tenant's."""
    known = list(rows)
    for row in known:
        if isinstance(row, TenantModel):
            row.refuse_another_tenant()
    return known
