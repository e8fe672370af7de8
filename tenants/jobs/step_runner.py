"""Runs one step of a job: bound to its tenant, alone among all workers, its outcome written down."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import blake2b
from random import uniform
from threading import BoundedSemaphore, Event
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from tenants.binding import LOCK_BYTES, bind_agency, bind_tenant, connection
from tenants.errors import GatewayError
from tenants.jobs.kinds import (
    BUSY_PRIORITY,
    OVERDUE_GRACE,
    STEP_SECONDS,
    JobKind,
    JobStep,
    find_work,
)
from tenants.jobs.models import JobState
from tenants.jobs.queue import postpone_job, request_job
from tenants.models import Tenant

logger = logging.getLogger("tenants.jobs")

# How long a job waits when another worker is at the same one, or no slot of its kind is free: not all equally long.
BUSY_SECONDS = (1.0, 3.0)

# The ORM's own way to these two rows costs three times as much as all else that a job costs.
STATE_COLUMNS, TENANT_COLUMNS = (
    [str(field.attname) for field in model._meta.concrete_fields]  # noqa: SLF001 - Django's own API
    for model in (JobState, Tenant)
)
# Two statements in one message: the second sees what the last holder of the lock has written.
LOCK_AND_FIND = (
    "SELECT pg_try_advisory_lock(%s); "  # noqa: S608 - names of columns
    f"SELECT {', '.join(f'state.{column}' for column in STATE_COLUMNS)}, "
    f"{', '.join(f'tenant.{column}' for column in TENANT_COLUMNS)} FROM (SELECT 1) AS one "
    "LEFT JOIN public.jobs_jobstate AS state ON state.key = %s "
    "LEFT JOIN public.tenants_tenant AS tenant ON tenant.id = %s"
)

# Successes of jobs that do not run by the clock are saved at most this often.
SAVE_INTERVAL = timedelta(minutes=1)

# Set when this process is to end: steps stop where they are, and go on elsewhere.
is_stopping = Event()


def run_step(
    kind: JobKind, tenant_id: UUID | None, *, seconds: float | None = None, attempts: int = 0
) -> None:
    """Run one step of a kind for a tenant, or for the agency; ask for the next one when something is left.

    It may work for so many seconds; by default for as long as in a worker. Whatever `work` raises is written down and
    raised. Cost beside the work: three messages to the database.
    """
    with _take_slot(kind) as is_free, _lock_job(kind, tenant_id, only_if=is_free) as state:
        if state is None:
            # Behind those that wait now: jobs of a kind whose slots are taken must not keep all threads busy.
            pause = timedelta(seconds=uniform(*BUSY_SECONDS))  # noqa: S311 - no secret
            at, priority = timezone.now() + pause, min(kind.priority, BUSY_PRIORITY)
            postpone_job(kind, tenant_id, at=at, attempts=attempts, priority=priority)
            return
        if tenant_id and state.tenant is None:
            logger.info("The tenant of a job is gone.", extra={"job": state.key})
            return
        began = monotonic()
        with _record_failures(kind, state):
            cursor = _run_work(kind, state, STEP_SECONDS if seconds is None else seconds)
        _note_step(kind, state, cursor, seconds=monotonic() - began)
        if cursor is not None:
            request_job(kind.name, tenant_id)


def _run_work(kind: JobKind, state: JobState, seconds: float) -> str | None:
    step = JobStep(state.cursor, seconds=seconds, is_stopping=is_stopping.is_set)
    work = find_work(kind)
    if state.tenant is None:
        with bind_agency():
            return work(step)
    with bind_tenant(state.tenant, even_suspended=True):
        return work(step)


def _note_step(kind: JobKind, state: JobState, cursor: str | None, *, seconds: float) -> None:
    now = timezone.now()
    if _can_skip_saving(kind, state, cursor, now):
        return
    if not state.cursor:
        _begin_pass(kind, state, now)
    state.worked_seconds += seconds
    state.cursor = cursor or ""
    if cursor is None:
        state.ended_at, state.ended_seconds = now, state.worked_seconds
    state.failures, state.error_code, state.error_message = 0, "", ""
    _save(state)


def _can_skip_saving(kind: JobKind, state: JobState, cursor: str | None, now: datetime) -> bool:
    """Return whether this success need not be saved: the last one was saved less than SAVED_EVERY ago."""
    is_one_step = cursor is None and not state.cursor and not state.failures
    is_fresh = bool(state.ended_at and state.ended_at > now - SAVE_INTERVAL)
    return is_one_step and is_fresh and kind.every is None


def _begin_pass(kind: JobKind, state: JobState, now: datetime) -> None:
    state.started_at, state.worked_seconds = now, 0
    if kind.every:
        state.due_at = now + kind.every
        state.overdue_at = state.due_at + kind.every + OVERDUE_GRACE


@contextmanager
def _record_failures(kind: JobKind, state: JobState) -> Iterator[None]:
    """Write down whatever the block raises, and let it go on."""
    try:
        yield
    finally:
        if error := sys.exception():
            _note_failure(kind, state, error)


def _note_failure(kind: JobKind, state: JobState, error: BaseException) -> None:
    """Write down that the attempt failed. Only an error of ours has a sentence that anybody may read."""
    is_foreseen = isinstance(error, GatewayError)
    logger.warning("A job failed: %s", error, extra={"job": state.key}, exc_info=not is_foreseen)
    now = timezone.now()
    if not state.cursor:
        _begin_pass(kind, state, now)
    state.failures += 1
    state.failed_at = now
    state.error_code = type(error).__name__
    state.error_message = error.message if isinstance(error, GatewayError) else ""
    _save(state)


def _save(state: JobState) -> None:
    """Write the row. Its only writer holds the lock. One statement; of a row that is new, three."""
    fields = [field.name for field in JobState._meta.fields if not field.primary_key]  # noqa: SLF001 - Django's own API
    if state._state.adding:  # noqa: SLF001 - the same
        # The minute's job may have added it meanwhile.
        JobState.objects.bulk_create(
            [state], update_conflicts=True, unique_fields=["key"], update_fields=fields
        )
        return
    JobState.objects.filter(pk=state.pk).update(**{name: getattr(state, name) for name in fields})


# --- Never two at once


@contextmanager
def _lock_job(kind: JobKind, tenant_id: UUID | None, *, only_if: bool) -> Iterator[JobState | None]:
    """Hold the lock of a job for the block, and yield its state; None when somebody else holds it.

    The lock is the connection's, so it ends with the process, however that ends. Two messages to the database.
    """
    if not only_if:
        yield None
        return
    key = kind.build_key(tenant_id)
    number = int.from_bytes(blake2b(key.encode(), digest_size=LOCK_BYTES).digest(), signed=True)
    is_ours, found = _fetch_rows(LOCK_AND_FIND, number, key, tenant_id)
    if not is_ours[0]:
        yield None
        return
    try:
        yield _build_state(kind, key, found)
    finally:
        _fetch_rows("SELECT pg_advisory_unlock(%s)", number)


def _fetch_rows(statements: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return the one row of each statement. None may depend on the schema in use: Django's cursor would SET it."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = connection.connection.execute(statements, parameters)
        rows = [cursor.fetchone()]
        while cursor.nextset():
            rows.append(cursor.fetchone())
    return rows


def _build_state(kind: JobKind, key: str, row: tuple[Any, ...]) -> JobState:
    """Return the state as it is, or that of a job that never ran, with its tenant; None when it is gone."""
    of_state, of_tenant = row[: len(STATE_COLUMNS)], row[len(STATE_COLUMNS) :]
    is_there = of_tenant[TENANT_COLUMNS.index("id")] is not None
    tenant = Tenant.from_db(DEFAULT_DB_ALIAS, TENANT_COLUMNS, of_tenant) if is_there else None
    if of_state[0] is None:
        return JobState(key=key, kind=kind.name, tenant=tenant)
    state: JobState = JobState.from_db(DEFAULT_DB_ALIAS, STATE_COLUMNS, of_state)
    state.tenant = tenant
    return state


_slots: dict[str, BoundedSemaphore] = {}
_max_slots = sys.maxsize


def limit_slots(threads: int) -> None:
    """Let no kind with slots take all threads of this process."""
    global _max_slots  # noqa: PLW0603 - a fact about the process
    _max_slots = max(1, threads - 1)
    _slots.clear()


@contextmanager
def _take_slot(kind: JobKind) -> Iterator[bool]:
    """Take one of the kind's slots in this process for the block, without waiting; yield whether one was free."""
    if kind.slots is None:
        yield True
        return
    slots = _slots.setdefault(kind.name, BoundedSemaphore(min(kind.slots, _max_slots)))
    is_free = slots.acquire(blocking=False)
    try:
        yield is_free
    finally:
        if is_free:
            slots.release()
