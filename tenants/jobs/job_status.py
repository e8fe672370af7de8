"""How the jobs of a deployment stand, for the page, the command and the check."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Case, Count, Max, Q, QuerySet, Value, When
from django.utils import timezone

from tenants.jobs.kinds import JobKind, list_kinds
from tenants.jobs.models import JobState

COUNT_WAITING = """
SELECT split_part(queueing_lock, ':', 1), count(*)
FROM public.procrastinate_jobs WHERE status = 'todo' AND queueing_lock LIKE '%%:%%' GROUP BY 1
"""
COUNT_WORKERS = "SELECT count(*) FROM public.procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'"


@dataclass(frozen=True)
class KindStatus:
    """How one kind of job stands, over all tenants."""

    kind: JobKind
    # The newest pass that came to its end, and how long the longest of the last passes took.
    ended_at: datetime | None
    longest_seconds: float | None
    # For how many tenants; of the agency's kinds 0 or 1.
    tenants: int
    failing: int
    overdue: int
    waiting: int

    @property
    def is_well(self) -> bool:
        return not (self.failing or self.overdue)


def find_failing() -> QuerySet[JobState]:
    """Return the jobs whose last attempt failed, the newest failure first."""
    return JobState.objects.failing().select_related("tenant").order_by("-failed_at", "key")


def find_overdue() -> QuerySet[JobState]:
    """Return the jobs that should have run long ago, the oldest first."""
    overdue = JobState.objects.filter(overdue_at__lt=timezone.now())
    return overdue.select_related("tenant").order_by("overdue_at", "key")


def find_states(kind: JobKind) -> QuerySet[JobState]:
    """Return how a kind stands for each tenant: first what fails, then what is overdue, then by the tenant's name."""
    is_overdue = Case(When(overdue_at__lt=timezone.now(), then=Value(1)), default=Value(0))
    return (
        JobState.objects.filter(kind=kind.name)
        .select_related("tenant")
        .order_by("-failures", is_overdue.desc(), "tenant__name", "key")
    )


def describe_failure(state: JobState) -> str:
    """Return why a job failed, for people: only the errors of ours have a sentence that anybody may read."""
    return state.error_message or f"An unexpected error ({state.error_code})."


def find_run_command(kind: JobKind, state: JobState) -> str:
    """Return the command that has a worker do this job now."""
    if state.tenant:
        return f"manage.py jobs run {kind.name} {state.tenant.location_prefix}"
    return f"manage.py jobs run {kind.name}{' --agency' if kind.for_each_tenant else ''}"


def list_statuses() -> list[KindStatus]:
    """Return how each kind stands, by name. Two queries, whatever the number of tenants."""
    now = timezone.now()
    known: dict[str, Any] = {
        row["kind"]: row
        for row in JobState.objects.values("kind").annotate(
            ended=Max("ended_at"),
            longest=Max("ended_seconds"),
            tenants=Count("key"),
            failing=Count("key", filter=Q(failures__gt=0)),
            overdue=Count("key", filter=Q(overdue_at__lt=now)),
        )
    }
    waiting = count_waiting()
    return [_build_status(kind, known.get(kind.name, {}), waiting) for kind in list_kinds()]


def _build_status(kind: JobKind, found: dict[str, Any], waiting: dict[str, int]) -> KindStatus:
    return KindStatus(
        kind=kind,
        ended_at=found.get("ended"),
        longest_seconds=found.get("longest"),
        tenants=found.get("tenants", 0),
        failing=found.get("failing", 0),
        overdue=found.get("overdue", 0),
        waiting=waiting.get(kind.name, 0),
    )


def count_waiting() -> dict[str, int]:
    """Return how many jobs of each kind wait. One query."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_WAITING)
        return dict(cursor.fetchall())


def count_workers() -> int:
    """Return how many workers have reported in the last half minute. One query."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_WORKERS)
        return int(cursor.fetchone()[0])
