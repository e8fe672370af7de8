"""The kinds of jobs as tasks of procrastinate, and the one task that runs by the clock."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from procrastinate import RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy

from tenants.errors import NeedsPeople
from tenants.jobs.kinds import JobKind, Work, register_kind
from tenants.jobs.running import run_step
from tenants.jobs.scheduling import schedule

SCHEDULE = "schedule.v1"


class Backoff(BaseRetryStrategy):
    """Try a failed job again, after pauses that double."""

    def __init__(self, kind: JobKind) -> None:
        self.kind = kind

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        seconds = self.kind.retry_seconds(job.attempts)
        if seconds is None or isinstance(exception, NeedsPeople):
            return None
        return RetryDecision(retry_in={"seconds": seconds})


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

        def run(tenant_id: str | None = None, **_newer: Any) -> None:
            run_step(kind, UUID(tenant_id) if tenant_id else None)

        app.task(name=kind.queue, queue=kind.queue, retry=Backoff(kind))(run)
        return work

    return declare


@app.periodic(cron="* * * * *")
@app.task(name=SCHEDULE, queue=SCHEDULE, queueing_lock=SCHEDULE)
def run_schedule(timestamp: int) -> None:
    schedule()
