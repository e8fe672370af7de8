"""How many requests workers send to the bucket, so that people's requests come first."""

import time
from threading import Lock

from django.conf import settings

from tenants.jobs.worker_share import compute_worker_share

# Without a request for so long, so many may go out at once.
BURST_SECONDS = 1.0


class RequestBudget:
    """Spaces requests out, over all threads of the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next_at = 0.0

    def wait(self, per_second: float) -> None:
        """Return when the next request may go out at this rate."""
        with self._lock:
            now = time.monotonic()
            self._next_at = max(self._next_at, now - BURST_SECONDS) + 1 / per_second
            pause = self._next_at - now
        if pause > 0:
            time.sleep(pause)


_budget = RequestBudget()


def wait_for_budget() -> None:
    """Wait until this process may send another request to the bucket. Web processes and commands never wait.

    All workers together send BUCKET_WORKER_REQUESTS a second; the limit is the bucket's, for everybody.
    """
    share = compute_worker_share(settings.BUCKET_WORKER_REQUESTS)
    if share is not None:
        _budget.wait(share)
