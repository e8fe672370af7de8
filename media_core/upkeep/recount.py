"""Counting a tenant's usage again from its ledger: what uploads and sweeps kept by small steps must be the same."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from media_core.ledger.models import StoredObject
from media_core.rows import confirm_schema
from tenants import quotas

PROMISED = (StoredObject.State.PENDING, StoredObject.State.ABANDONED)
KEPT = (StoredObject.State.STORED, StoredObject.State.CONDEMNED)


@dataclass(frozen=True, slots=True)
class Recount:
    """What the bound tenant's usage said, and what its ledger says."""

    used_bytes: int
    reserved_bytes: int
    counted_used_bytes: int
    counted_reserved_bytes: int

    @property
    def agrees(self) -> bool:
        return (self.used_bytes, self.reserved_bytes) == (
            self.counted_used_bytes,
            self.counted_reserved_bytes,
        )


def recount(*, mend: bool = True) -> Recount:
    """Count the bound tenant's usage from its ledger, and put it right when it differs. Four statements.

    Exact beside uploads and sweeps. Whoever changed the ledger and not yet the usage waits for the lock that is held
    here, and adds to the sum that was counted without them; whoever changed both is waited for. Raises QuotaBroken
    when there is no quota to put right, and BindingDisagrees where the ledger is not the bound tenant's.
    """
    with transaction.atomic():
        known = quotas.lock_quota()
        # In another's schema nothing is found, and that is no ledger that holds nothing.
        confirm_schema()
        # A statement of its own: it sees what was committed while the lock was waited for.
        counted = StoredObject.objects.aggregate(
            used=sum_charged(*KEPT), reserved=sum_charged(*PROMISED)
        )
        found = Recount(
            known.used_bytes, known.reserved_bytes, counted["used"], counted["reserved"]
        )
        if mend and not found.agrees:
            quotas.correct_usage(used_bytes=counted["used"], reserved_bytes=counted["reserved"])
    return found


def sum_charged(*states: StoredObject.State) -> Coalesce:
    """Return the sum of what rows in these states hold of the quota."""
    return Coalesce(Sum("charged_bytes", filter=Q(state__in=states)), 0)
