"""The kinds of jobs that this code knows. Each app with work for the worker declares its kinds in a module `jobs`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import TypeAlias
from uuid import UUID

# A step ends after so long and asks to go on later, so that others get their turn.
STEP_SECONDS = 5.0
# The pause after the first failure. Each further one doubles it.
FIRST_RETRY_SECONDS = 5
MAX_RETRY_SECONDS = 3600
MAX_ATTEMPTS = 12
# A job that found no slot, or another worker at the same job, waits in line with all others at most.
BUSY_PRIORITY = 0
# A job that runs by itself is overdue when it is late by its interval and by this.
OVERDUE_GRACE = timedelta(minutes=15)


class JobStep:
    """One turn of a job: where the last one stopped, and how long this one may work."""

    def __init__(self, position: str, *, seconds: float, is_stopping: Callable[[], bool]) -> None:
        # What the step before returned; empty where a pass begins.
        self.position = position
        self._ends_at = monotonic() + seconds
        self._is_stopping = is_stopping

    def has_time(self) -> bool:
        """Return whether the step may start another piece of work. Ask before each; a piece takes a second at most."""
        return monotonic() < self._ends_at and not self._is_stopping()


# Returns where the next step goes on, or None when nothing is left to do.
Work: TypeAlias = Callable[[JobStep], str | None]


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """A kind of job.

    `name` and `version` are its queue's name, and a worker fetches from queues it knows: after an upgrade, older
    workers leave what they do not know to the newer ones. Raise `version` when older code would do the wrong thing.
    """

    name: str
    # For the page: what it does.
    summary: str
    # Bound to one tenant; else to the agency.
    for_each_tenant: bool
    # For each tenant, and for the agency as well.
    is_for_agency_too: bool = False
    version: int = 1
    # How often it runs by itself; never when None.
    every: timedelta | None = None
    # Of jobs that wait, those of the highest priority run first.
    priority: int = 0
    # So many run at once in a worker process; None is as many as there are threads.
    slots: int | None = None
    # Whether it ends after MAX_ATTEMPTS failures; else it is tried for ever, after the longest pause at last.
    gives_up: bool = True
    longest_retry_seconds: int = MAX_RETRY_SECONDS

    @property
    def queue(self) -> str:
        """Return the name of its queue, and of its task in procrastinate.

        >>> JobKind(name="sweep", summary="", for_each_tenant=True, version=2).queue
        'sweep.v2'
        """
        return f"{self.name}.v{self.version}"

    def build_key(self, tenant_id: UUID | None) -> str:
        """Return what is the same for all jobs of this kind and tenant, and for none else."""
        return f"{self.name}:{tenant_id or ''}"

    def compute_retry_seconds(self, attempts: int) -> int | None:
        """Return the seconds to wait after a failure that followed so many earlier ones, or None to stop retrying.

        >>> kind = JobKind(name="sweep", summary="", for_each_tenant=True)
        >>> [kind.compute_retry_seconds(attempts) for attempts in (0, 1, 9, 10, 11)]
        [5, 10, 2560, 3600, None]
        """
        if self.gives_up and attempts + 1 >= MAX_ATTEMPTS:
            return None
        return min(FIRST_RETRY_SECONDS << min(attempts, MAX_ATTEMPTS), self.longest_retry_seconds)


_kinds: dict[str, tuple[JobKind, Work]] = {}


def register_kind(kind: JobKind, work: Work) -> None:
    """Make a kind known to this process. Raises ValueError for a name that is taken."""
    if kind.name in _kinds:
        raise ValueError(f"There is a kind of job named {kind.name} already.")
    _kinds[kind.name] = (kind, work)


def find_kind(name: str) -> JobKind:
    """Return the kind of this name. Raises KeyError."""
    return _kinds[name][0]


def find_work(kind: JobKind) -> Work:
    return _kinds[kind.name][1]


def list_kinds() -> list[JobKind]:
    """Return the kinds by name."""
    return [kind for kind, _work in sorted(_kinds.values(), key=lambda known: known[0].name)]
