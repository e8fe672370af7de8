"""The two sides that tests/bench/jobs.py measures: each does one job for each tenant and returns its seconds."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from tenants.jobs.kinds import JobKind, JobStep
from tenants.jobs.queue import request_job
from tenants.jobs.tasks import declare_job
from tenants.jobs.worker import WorkerOptions, run_worker
from tenants.models import Tenant

THREADS = 4


@declare_job(JobKind(name="nothing", summary="Nothing", for_each_tenant=True))
def do_nothing(_step: JobStep) -> None:
    return None


@app.task(name="plain", queue="plain")
def do_nothing_plainly(tenant_id: str) -> None:
    """Do nothing. It is bound to nobody."""


tenant_ids = list(Tenant.objects.values_list("id", flat=True))


def work_for_tenants() -> float:
    for tenant_id in tenant_ids:
        request_job("nothing", tenant_id)
    return seconds_of_one(lambda: run_worker(WorkerOptions(threads=THREADS, once=True)))


def work_plainly() -> float:
    asked: list[Any] = [{"tenant_id": str(each)} for each in tenant_ids]
    do_nothing_plainly.batch_defer(*asked)
    return seconds_of_one(lambda: asyncio.run(run_plain_worker()))


async def run_plain_worker() -> None:
    """Run procrastinate's worker as it comes."""
    with app.replace_connector(DjangoConnector().get_worker_connector()) as own_app:
        async with own_app.open_async():
            await own_app.run_worker_async(
                queues=["plain"], concurrency=THREADS, wait=False, delete_jobs="successful"
            )


def seconds_of_one(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) / len(tenant_ids)
