"""Kinds of jobs that a test declares, and what waits in the queue."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from tenants.binding import bound_tenant
from tenants.jobs import kinds
from tenants.jobs.kinds import JobKind, JobStep, Work

Declare = Callable[..., JobKind]


@pytest.fixture
def declare() -> Iterator[Declare]:
    """Declare a kind of job for the length of a test."""
    declared: list[JobKind] = []

    def declare_kind(work: Work, **given: Any) -> JobKind:
        values = {"name": "count", "summary": "Count", "for_each_tenant": True}
        kind = JobKind(**{**values, **given})
        kinds.register_kind(kind, work)
        declared.append(kind)
        return kind

    yield declare_kind
    for kind in declared:
        kinds._kinds.pop(kind.name)


def waiting(kind: JobKind) -> list[dict[str, Any]]:
    """Return the jobs of a kind that wait, in the order in which workers take them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT queueing_lock AS key, priority, attempts, scheduled_at FROM procrastinate_jobs "
            "WHERE queue_name = %s AND status = 'todo' ORDER BY priority DESC, id",
            [kind.queue],
        )
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def clear_queue() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


class Counter:
    """Works on numbers instead of rows: three a step, and notes whose they were."""

    def __init__(self, total: int = 7) -> None:
        self.total = total
        self.done: list[tuple[str, int]] = []

    def __call__(self, step: JobStep) -> str | None:
        begin = int(step.position or 0)
        for number in range(begin, min(begin + 3, self.total)):
            self.done.append((bound_tenant().location_prefix, number))
        return None if begin + 3 >= self.total else str(begin + 3)
