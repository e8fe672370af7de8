"""How much of its quota a tenant has left: reserved, settled and released by single conditional UPDATEs.

Each function belongs into the transaction that changes the ledger's row, so that both happen or neither does.
"""

from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from tenants.binding import bound_tenant
from tenants.errors import QuotaExceeded
from tenants.models import Quota


@dataclass(frozen=True, slots=True)
class Usage:
    """What the bound tenant keeps and may keep, in bytes. A quota of None is no limit."""

    quota_bytes: int | None
    used_bytes: int
    reserved_bytes: int

    @property
    def left_bytes(self) -> int | None:
        """What still fits; None when there is no limit."""
        if self.quota_bytes is None:
            return None
        return max(0, self.quota_bytes - self.used_bytes - self.reserved_bytes)


def usage() -> Usage:
    """Return the bound tenant's usage. One query."""
    row = Quota.objects.get(tenant_id=bound_tenant().id)
    return Usage(row.quota_bytes, row.used_bytes, row.reserved_bytes)


def reserve(size_bytes: int) -> None:
    """Promise these bytes to an upload; raise QuotaExceeded when they do not fit. One UPDATE.

    Of many at once exactly those win whose bytes fit: the condition and the sum are one statement.
    """
    fits = Q(quota_bytes=None) | Q(
        quota_bytes__gte=F("used_bytes") + F("reserved_bytes") + size_bytes
    )
    taken = _row().filter(fits).update(reserved_bytes=F("reserved_bytes") + size_bytes)
    if not taken:
        left = usage().left_bytes
        raise QuotaExceeded(f"It needs {size_bytes} bytes; {left} are left.")


def settle(size_bytes: int) -> None:
    """The promised bytes are kept from now on. One UPDATE."""
    _row().update(
        reserved_bytes=F("reserved_bytes") - size_bytes, used_bytes=F("used_bytes") + size_bytes
    )


def release(size_bytes: int) -> None:
    """The promised bytes never came, or are gone again. One UPDATE."""
    _row().update(reserved_bytes=F("reserved_bytes") - size_bytes)


def free(size_bytes: int) -> None:
    """The bytes that were kept are gone. One UPDATE."""
    _row().update(used_bytes=F("used_bytes") - size_bytes)


def _row() -> QuerySet[Quota]:
    return Quota.objects.filter(tenant_id=bound_tenant().id)
