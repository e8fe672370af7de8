"""A share of a web process's threads for requests that wait for something: the bucket, or the check of a file.

The other threads are left to pages, so a bucket that hangs, or one tenant's uploads, never stop everybody.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Condition, local
from time import monotonic
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tenants.binding import get_bound_tenant_id
from tenants.errors import TooBusy

# The longest wait for a slot. Nobody waits when a slot has been held for longer than that: the bucket may hang.
MAX_WAIT_SECONDS = 1.0


class Slots:
    """A limited number of slots, and of those a limited number for each tenant. The agency is the tenant None."""

    def __init__(self, total: int, per_tenant: int) -> None:
        self.total, self.per_tenant = total, per_tenant
        self._lock = Condition()
        self._numbers = count()
        # The tenant that holds each slot, and since when.
        self._held: dict[int, tuple[UUID | None, float]] = {}

    @contextmanager
    def hold(self, tenant_id: UUID | None, *, waits: bool) -> Iterator[None]:
        """Hold a slot for the block. Raises TooBusy at once, or with `waits` after MAX_WAIT_SECONDS."""
        number = next(self._numbers)
        with self._lock:
            if waits and not self._is_stuck():
                self._lock.wait_for(lambda: self._is_free(tenant_id), MAX_WAIT_SECONDS)
            if not self._is_free(tenant_id):
                raise TooBusy(
                    f"{len(self._held)} of {self.total} slots are taken; {self.per_tenant} are the most for a tenant."
                )
            self._held[number] = tenant_id, monotonic()
        try:
            yield
        finally:
            with self._lock:
                del self._held[number]
                self._lock.notify_all()

    def _is_free(self, tenant_id: UUID | None) -> bool:
        by_tenant = Counter(holder for holder, _since in self._held.values())
        return len(self._held) < self.total and by_tenant[tenant_id] < self.per_tenant

    def _is_stuck(self) -> bool:
        long_ago = monotonic() - MAX_WAIT_SECONDS
        return any(since < long_ago for _holder, since in self._held.values())


def make_slots(threads: int) -> Slots:
    """Return the slots of a process with so many threads: half of them, and half of those for one tenant.

    >>> [(slots.total, slots.per_tenant) for slots in map(make_slots, (1, 4, 8, 16))]
    [(1, 1), (2, 1), (4, 2), (8, 4)]
    """
    total = max(1, threads // 2)
    return Slots(total, max(1, total // 2))


class _ThreadState(local):
    is_serving = False
    holds_slot = False


_thread = _ThreadState()
_slots: dict[int, Slots] = {}


@contextmanager
def hold_slot(*, waits: bool = False) -> Iterator[None]:
    """Hold a slot of the bound tenant for the block. Raises TooBusy when none is free.

    One slot is enough for a thread. Jobs and commands take none: their threads serve no requests.
    """
    if not _thread.is_serving or _thread.holds_slot:
        yield
        return
    with get_process_slots().hold(get_bound_tenant_id(), waits=waits):
        _thread.holds_slot = True
        try:
            yield
        finally:
            _thread.holds_slot = False


def get_process_slots() -> Slots:
    """Return the slots of this process."""
    threads: int = settings.WEB_THREADS
    return _slots.get(threads) or _slots.setdefault(threads, make_slots(threads))


def is_serving() -> bool:
    """Return whether this thread answers a web request."""
    return _thread.is_serving


class SlotMiddleware:
    """Marks the thread as one that answers a request: only such threads take slots."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _thread.is_serving = True
        try:
            return self.get_response(request)
        finally:
            _thread.is_serving = False
