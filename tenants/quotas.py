"""How much of its quota a tenant has left: reserved, settled and released by single conditional UPDATEs.

Each function belongs into the transaction that changes the ledger's row, so that both happen or neither does. The
ledger's row is locked first, the quota's row second, and no row of another kind after it: so nobody waits in a circle.
"""

from typing import Any

from django.db.models import F, Q, QuerySet

from tenants.binding import bound_tenant
from tenants.errors import QuotaBroken, QuotaExceeded
from tenants.models import Quota
from tenants.sizes import format_exact_size


def read_quota() -> Quota:
    """Return what the bound tenant may keep and keeps. It is for reading. One query; raises QuotaBroken."""
    row = _filter_quota().first()
    if row is None:
        raise build_quota_error("It has no quota.", "--quota SIZE --recount")
    return row


def reserve_bytes(size_bytes: int, *also: Q) -> None:
    """Promise these bytes to an upload; raise QuotaExceeded when they do not fit. One UPDATE.

    `also` is what else must hold of a quota that has a limit. Of many at once exactly those win whose bytes fit: the
    condition and the sum are one statement. The refusal does not say how much is left: that is a sum over all folders,
    and not everybody who uploads may read them all.
    """
    taken = F("used_bytes") + F("reserved_bytes") + size_bytes
    fits = Q(quota_bytes=None) | Q(*also, quota_bytes__gte=taken)
    if not _filter_quota().filter(fits).update(reserved_bytes=F("reserved_bytes") + size_bytes):
        read_quota()
        raise QuotaExceeded(
            f"It needs {format_exact_size(size_bytes)}, and less than that is left. "
            "An admin of this site sees how much is left, and can ask the agency for more."
        )


def charge_reserved(size_bytes: int) -> None:
    """The promised bytes are kept from now on. One UPDATE."""
    _update_or_raise(
        _filter_quota().filter(reserved_bytes__gte=size_bytes),
        reserved_bytes=F("reserved_bytes") - size_bytes,
        used_bytes=F("used_bytes") + size_bytes,
    )


def release_reserved(size_bytes: int) -> None:
    """The promised bytes never came, or are gone again. One UPDATE."""
    _update_or_raise(
        _filter_quota().filter(reserved_bytes__gte=size_bytes),
        reserved_bytes=F("reserved_bytes") - size_bytes,
    )


def free_used(size_bytes: int) -> None:
    """The bytes that were kept are gone. One UPDATE."""
    _update_or_raise(
        _filter_quota().filter(used_bytes__gte=size_bytes), used_bytes=F("used_bytes") - size_bytes
    )


def lock_quota() -> Quota:
    """Return the bound tenant's usage, and hold back whoever would change it until the transaction ends."""
    row = _filter_quota().select_for_update().first()
    if row is None:
        raise build_quota_error("It has no quota.", "--quota SIZE --recount")
    return row


def correct_usage(*, used_bytes: int, reserved_bytes: int) -> None:
    """Write down what was counted while `lock_quota` held everybody back. One UPDATE."""
    _filter_quota().update(used_bytes=used_bytes, reserved_bytes=reserved_bytes)


def build_quota_error(why: str, remedy: str = "--recount") -> QuotaBroken:
    """Return the refusal for a quota that is not there or cannot be right, with the command that mends it."""
    prefix = bound_tenant().location_prefix
    return QuotaBroken(f"{prefix}: {why} Run manage.py tenant limits {prefix} {remedy}.")


def _update_or_raise(known: QuerySet[Quota], **after: Any) -> None:
    if not known.update(**after):
        raise build_quota_error("Its usage is less than what is to be taken off.")


def _filter_quota() -> QuerySet[Quota]:
    return Quota.objects.filter(tenant_id=bound_tenant().id)
