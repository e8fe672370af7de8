"""The lock of a tenant's tree of folders: what changes who reads what happens one after the other."""

from tenants.binding import bound_tenant
from tenants.stamp.models import Stamp


def lock_tree() -> None:
    """Wait for other changes of the bound tenant's tree, and hold it to the end of the transaction. One query."""
    Stamp.objects.select_for_update().get(tenant_id=bound_tenant().id)
