"""When jobs run next: what waits for a worker, what a worker is at, and what is due later."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import connection
from django.utils import timezone

from tenants.jobs.kinds import JobKind
from tenants.jobs.models import JobState

# Each half has an index of its own.
FIND_JOBS = """
SELECT queueing_lock, true, NULL FROM public.procrastinate_jobs
WHERE status = 'doing' AND worker_id IS NOT NULL AND queueing_lock = ANY(%(keys)s)
UNION ALL
SELECT queueing_lock, false, coalesce(scheduled_at, now()) FROM public.procrastinate_jobs
WHERE status = 'todo' AND queueing_lock = ANY(%(keys)s)
"""


class NextRunStatus(StrEnum):
    RUNNING = "running"
    NOW = "now"
    LATER = "later"
    RETRY = "retry"
    GIVEN_UP = "given up"
    ON_REQUEST = "on request"


@dataclass(frozen=True, slots=True)
class NextRun:
    """When a job runs next. `at` is there for LATER and RETRY."""

    when: NextRunStatus
    at: datetime | None = None


def find_next_runs(kind: JobKind, states: Collection[JobState]) -> list[NextRun]:
    """Return when each of these jobs of a kind runs next. One query."""
    with connection.cursor() as cursor:
        cursor.execute(FIND_JOBS, {"keys": [state.key for state in states]})
        found = cursor.fetchall()
    running = {key for key, is_running, _at in found if is_running}
    waiting = {key: at for key, is_running, at in found if not is_running}
    return [
        NextRun(NextRunStatus.RUNNING)
        if state.key in running
        else _find_next_run(kind, state, waits_until=waiting.get(state.key))
        for state in states
    ]


def _find_next_run(kind: JobKind, state: JobState, *, waits_until: datetime | None) -> NextRun:
    at = waits_until or (state.due_at if kind.every else None)
    if at is None:
        return NextRun(NextRunStatus.GIVEN_UP if state.failures else NextRunStatus.ON_REQUEST)
    if at <= timezone.now():
        return NextRun(NextRunStatus.NOW)
    return NextRun(
        NextRunStatus.RETRY if waits_until and state.failures else NextRunStatus.LATER, at
    )
