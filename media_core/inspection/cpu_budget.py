"""A limit on the processor time that one tenant's files take in this process, so that no tenant takes it all."""

import math
from threading import Lock
from time import monotonic
from uuid import UUID

from media_core.errors import InspectionBusy

# Within a minute. A photo of 12 megapixels takes half a second.
SECONDS_PER_MINUTE = 30.0
REFILL_PER_SECOND = SECONDS_PER_MINUTE / 60


class CpuBudget:
    """The processor time each tenant has used lately. Each second gives half a second back."""

    def __init__(self) -> None:
        self._lock = Lock()
        # By tenant: the seconds used, and when they were counted.
        self._used: dict[UUID | None, tuple[float, float]] = {}

    def require(self, tenant_id: UUID | None) -> None:
        """Raise InspectionBusy when the tenant has used all of it."""
        with self._lock:
            over = self._compute_used_seconds(tenant_id) - SECONDS_PER_MINUTE
        if over >= 0:
            busy = InspectionBusy(
                "The tenant's files have used all the processor time of a minute."
            )
            busy.retry_seconds = math.ceil(over / REFILL_PER_SECOND) + 1
            raise busy

    def spend(self, tenant_id: UUID | None, seconds: float) -> None:
        with self._lock:
            self._used[tenant_id] = self._compute_used_seconds(tenant_id) + seconds, monotonic()

    def _compute_used_seconds(self, tenant_id: UUID | None) -> float:
        used, at = self._used.get(tenant_id, (0.0, 0.0))
        return max(0.0, used - (monotonic() - at) * REFILL_PER_SECOND)
