"""The kinds of jobs as tasks of procrastinate, and the one task that runs by the clock."""

import logging
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from procrastinate import JobContext, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy

from tenants.errors import NeedsPeople
from tenants.jobs.kinds import JobKind, Work, register_kind
from tenants.jobs.queue import postpone_job
from tenants.jobs.scheduling import maintain_jobs
from tenants.jobs.step_runner import run_step

logger = logging.getLogger("tenants.jobs")

SCHEDULE = "schedule.v1"


def find_pause(kind: JobKind, error: BaseException, attempts: int) -> int | None:
    """Return the seconds to wait before a failed job is tried again, or None to give it up."""
    waits_for_people = isinstance(error, NeedsPeople) and kind.gives_up
    return None if waits_for_people else kind.compute_retry_seconds(attempts)


class Backoff(BaseRetryStrategy):
    """Try a failed job again, after pauses that double."""

    def __init__(self, kind: JobKind) -> None:
        self.kind = kind

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        seconds = find_pause(self.kind, exception, job.attempts)
        return None if seconds is None else RetryDecision(retry_in={"seconds": seconds})


class RetryLater:
    """Ask for a job that fails again, after a pause, and let this one end.

    procrastinate would make the failed job wait again, and cannot where another one was requested meanwhile: only one
    may wait. So it is left to procrastinate (Backoff) only when the database does not take the request.
    """

    def __init__(self, kind: JobKind, tenant_id: UUID | None, attempts: int) -> None:
        self.kind, self.tenant_id, self.attempts = kind, tenant_id, attempts

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _kind: object, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        seconds = find_pause(self.kind, error, self.attempts)
        key, name = self.kind.build_key(self.tenant_id), type(error).__name__
        what = "A job is given up." if seconds is None else "A job is tried again later."
        logger.warning(what, extra={"job": key, "error": name, "seconds": seconds})
        if seconds is not None:
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            at = timezone.now() + timedelta(seconds=seconds)
            postpone_job(
                self.kind,
                self.tenant_id,
                at=at,
                attempts=self.attempts + 1,
                priority=self.kind.priority,
            )
        return True


def declare_job(kind: JobKind) -> Callable[[Work], Work]:
    """Return the decorator of the function that does one step of this kind of job.

        @declare_job(JobKind(name="sweep", summary="Remove what failed uploads left", for_each_tenant=True))
        def sweep(step: Step) -> None: ...

    The function runs bound to its tenant, or to the agency. What it is to work on are rows; it takes those that are
    due, one by one, while `step.has_time()`. It returns None when none is left, else where the next step goes on.
    It must be idempotent: the process may be killed at any point, and the step is run again then.
    """

    def declare(work: Work) -> Work:
        register_kind(kind, work)

        def run(context: JobContext, /, tenant_id: str | None = None, **_newer: Any) -> None:
            whose, attempts = UUID(tenant_id) if tenant_id else None, context.job.attempts
            with RetryLater(kind, whose, attempts):
                run_step(kind, whose, attempts=attempts)

        app.task(name=kind.queue, queue=kind.queue, retry=Backoff(kind), pass_context=True)(run)
        return work

    return declare


@app.periodic(cron="* * * * *")
@app.task(name=SCHEDULE, queue=SCHEDULE, queueing_lock=SCHEDULE)
def run_schedule(timestamp: int) -> None:
    maintain_jobs()
