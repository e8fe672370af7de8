"""The worker: fetches jobs from the queues it knows and runs them in threads, until it is told to end."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.utils import timezone
from procrastinate import App, exceptions
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.job_context import JobContext
from procrastinate.middleware import SyncCallNext
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.worker import Worker
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from tenants.binding import forget_binding
from tenants.database.proof import database_proof
from tenants.jobs.kinds import list_kinds
from tenants.jobs.step_runner import is_stopping, limit_slots
from tenants.jobs.tasks import SCHEDULE
from tenants.jobs.worker_share import set_worker_count

logger = logging.getLogger("tenants.jobs")

# Steps end within five seconds. What has not ended by then is given back, and this process ends.
STOP_SECONDS = 8.0
GIVE_BACK_SECONDS = 1.5
# The most that a job waits when PostgreSQL's notification is lost behind a pooler.
POLLING_SECONDS = 3.0
# A worker that has not reported for DEAD_AFTER (tenants/jobs/scheduling.py) is taken for dead.
HEARTBEAT_SECONDS = 10.0
# A database that does not answer is asked again, and a signal is heard in between.
OPEN_SECONDS = 5.0
# After the database was gone.
RECONNECT_SECONDS = 3.0
# PostgreSQL keeps the locks of a machine that vanished until it takes its connection for dead: after a minute then,
# instead of two hours. https://www.postgresql.org/docs/15/runtime-config-connection.html
KEEPALIVES = (
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
)
# How often workers are counted.
COUNT_SECONDS = 10.0
COUNT_WORKERS = "SELECT count(*) FROM public.procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'"
# Procrastinate's own statements, and one connection that listens.
CONNECTIONS = 3


@dataclass(frozen=True)
class WorkerOptions:
    threads: int
    # End when nothing is left to begin: what asks to go on later is left to others.
    once: bool = False


_running_ids: set[int] = set()


def run_without_tenant(call_next: SyncCallNext, context: JobContext, worker: Worker) -> Any:
    """Run a job in a thread without a tenant's binding, and clear the binding afterwards."""
    job_id = context.job.id or 0
    forget_binding()
    _running_ids.add(job_id)
    try:
        return call_next()
    finally:
        _running_ids.discard(job_id)
        forget_binding()


def run_worker(options: WorkerOptions) -> None:
    """Run jobs until SIGTERM or SIGINT, or with `once` until none is left to begin.

    Ends within 10 seconds after the signal. Raises DatabaseNotProved behind a pooler that mixes sessions: locks and
    tenants would be mixed up as well.
    """
    database_proof.require()
    connections.close_all()
    connection_created.connect(set_keepalives)
    limit_slots(options.threads)
    logger.info(
        "The worker begins.", extra={"threads": options.threads, "queues": list_known_queues()}
    )
    try:
        asyncio.run(_run(options))
    finally:
        is_stopping.clear()
        connection_created.disconnect(set_keepalives)
    logger.info("The worker has ended.")


def set_keepalives(*, connection: BaseDatabaseWrapper, **_signal: object) -> None:
    """Let PostgreSQL find out within a minute that this machine has vanished. One message for each new connection."""
    connection.connection.execute(KEEPALIVES)


async def _run(options: WorkerOptions) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(
        ThreadPoolExecutor(max_workers=options.threads + 2, thread_name_prefix="job")
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _request_stop, stop)
    while not stop.is_set():
        try:
            with app.replace_connector(make_connector()) as own_app:
                await _open_and_serve(own_app, options, stop)
            if options.once:
                return
        except (exceptions.ConnectorException, psycopg.Error, TimeoutError) as error:
            # What stopped for long is taken for dead by the others, and may not fetch jobs any more.
            logger.warning(
                "The worker lost the database, or was taken for dead. It begins again: %s", error
            )
            if options.once:
                raise
            await _sleep(stop, RECONNECT_SECONDS)


async def _open_and_serve(own_app: App, options: WorkerOptions, stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(own_app.open_async(), OPEN_SECONDS)
        await _serve(own_app, options, stop)
    finally:
        await own_app.close_async()


def _request_stop(stop: asyncio.Event) -> None:
    is_stopping.set()
    stop.set()


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def make_connector() -> PsycopgConnector:
    """Return procrastinate's own connections to our database: never Django's pool, which its threads may need.

    It sends single statements, so each commits by itself; and none is sent before it to see whether the connection
    lives, since a worker that loses its connections makes new ones.
    """
    parameters = connector_params()
    parameters.pop("pool", None)
    return PsycopgConnector(
        pool_factory=_make_unchecked_pool,
        kwargs=parameters,
        configure=_commit_each_statement,
        min_size=1,
        max_size=CONNECTIONS,
    )


def _make_unchecked_pool(**given: Any) -> AsyncConnectionPool:
    return AsyncConnectionPool(**{**given, "check": None})


async def _commit_each_statement(connection: AsyncConnection) -> None:
    await connection.set_autocommit(True)


async def _count_workers(own_app: App) -> None:
    """Keep up to date how many share the limits."""
    set_worker_count(1)
    while True:
        try:
            row = await own_app.connector.execute_query_one_async(COUNT_WORKERS)
        except exceptions.ConnectorException:
            logger.warning("Workers could not be counted.")
        else:
            set_worker_count(max(1, row["count"]))
        await asyncio.sleep(COUNT_SECONDS)


async def _serve(own_app: App, options: WorkerOptions, stop: asyncio.Event) -> None:
    counting = asyncio.create_task(_count_workers(own_app))
    try:
        await _run_procrastinate_worker(own_app, options, stop)
    finally:
        counting.cancel()
        set_worker_count(0)


async def _run_procrastinate_worker(
    own_app: App, options: WorkerOptions, stop: asyncio.Event
) -> None:
    worker = asyncio.create_task(
        own_app.run_worker_async(
            queues=list_known_queues(),
            concurrency=options.threads,
            wait=not options.once,
            fetch_job_polling_interval=POLLING_SECONDS,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            delete_jobs="successful",
            install_signal_handlers=False,
            task_middleware=[
                *own_app.worker_defaults.get("task_middleware", []),
                run_without_tenant,
            ],
        )
    )
    told = asyncio.create_task(stop.wait())
    await asyncio.wait({worker, told}, return_when=asyncio.FIRST_COMPLETED)
    if worker.done():
        told.cancel()
        worker.result()
        return
    worker.cancel()
    _done, pending = await asyncio.wait({worker}, timeout=STOP_SECONDS)
    if pending:
        await _give_back_jobs(own_app)


async def _give_back_jobs(own_app: App) -> None:
    """Let others go on with the jobs that do not end, and end this process with their threads."""
    jobs = set(_running_ids)
    logger.warning("Jobs did not end in time and are given back.", extra={"jobs": len(jobs)})
    try:
        async with asyncio.timeout(GIVE_BACK_SECONDS):
            for job_id in jobs:
                await own_app.job_manager.retry_job_by_id_async(job_id, retry_at=timezone.now())
    except (TimeoutError, exceptions.ConnectorException):
        # Another worker finds them, as it would after a kill.
        logger.exception("Jobs could not be given back.")
    sys.stderr.flush()
    os._exit(0)


def list_known_queues() -> Sequence[str]:
    """Return the queues to fetch from: those of kinds that this code knows, in this version."""
    return [SCHEDULE, *(kind.queue for kind in list_kinds())]
