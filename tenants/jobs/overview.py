"""How the jobs of a deployment stand, for the page, the command and the check."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Q
from django.utils import timezone

from tenants.jobs.kinds import JobKind, list_kinds
from tenants.jobs.models import JobState

WAITING = """
SELECT split_part(queueing_lock, ':', 1), count(*)
FROM public.procrastinate_jobs WHERE status = 'todo' AND queueing_lock LIKE '%%:%%' GROUP BY 1
"""
WORKERS = "SELECT count(*) FROM public.procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'"


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
    return [_status_of(kind, known.get(kind.name, {}), waiting) for kind in list_kinds()]


def _status_of(kind: JobKind, found: dict[str, Any], waiting: dict[str, int]) -> KindStatus:
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
        cursor.execute(WAITING)
        return dict(cursor.fetchall())


def count_workers() -> int:
    """Return how many workers have reported in the last half minute. One query."""
    with connection.cursor() as cursor:
        cursor.execute(WORKERS)
        return int(cursor.fetchone()[0])
