"""What two changes of one tenant's tree wait for."""

from tenants.binding import bound_tenant
from tenants.stamp.models import Stamp


def hold_the_tree() -> None:
    """Let no other change of folders, or of who sees what, happen before this transaction ends. One SELECT.

    The stamp is the one row that every tenant has. Files come and are read meanwhile.
    """
    Stamp.objects.select_for_update().get(tenant_id=bound_tenant().id)
