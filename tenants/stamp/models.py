"""Whose schema this is: one row in every tenant's schema.

Every query over a tenant's rows asks for it (media_core/rows.py), so a connection that points at another
tenant's schema, for whatever reason, returns nothing instead of another's rows.
"""

from django.db import models


class Stamp(models.Model):
    """The tenant's id, once per schema. Written by provisioning, never changed."""

    only_row = models.BooleanField(primary_key=True, default=True, editable=False)
    tenant_id = models.UUIDField(editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(only_row=True), name="stamp_is_one_row")
        ]

    def __str__(self) -> str:
        return str(self.tenant_id)
