"""Asking for jobs, in the transaction that writes the rows they are to work on.

These are statements of our own on procrastinate's table. Its `defer` raises when such a job waits already, which
breaks the caller's transaction; and that job might begin before the caller's rows are there to be seen, and then
nobody would work on them. Here the waiting job is locked until the caller commits, and workers skip what is locked.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from tenants.jobs.kinds import OVERDUE_GRACE, JobKind, find_kind

# A job that waits after a failure keeps its pause: what is new waits with it. Any other runs as early as anybody wants.
REQUEST_JOB = """
INSERT INTO public.procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args, scheduled_at)
VALUES (%(queue)s, %(queue)s, %(priority)s, %(key)s, jsonb_build_object('tenant_id', %(tenant_id)s::text), %(at)s)
ON CONFLICT (queueing_lock) WHERE status = 'todo' DO UPDATE SET
    priority = greatest(procrastinate_jobs.priority, EXCLUDED.priority), scheduled_at = CASE
    WHEN procrastinate_jobs.attempts > 0 THEN procrastinate_jobs.scheduled_at
    WHEN procrastinate_jobs.scheduled_at IS NULL OR EXCLUDED.scheduled_at IS NULL THEN NULL
    ELSE least(procrastinate_jobs.scheduled_at, EXCLUDED.scheduled_at) END
"""

FORGET_FAILURES = """
UPDATE public.procrastinate_jobs SET scheduled_at = NULL, attempts = 0
WHERE queueing_lock = %s AND status = 'todo' AND attempts > 0
"""
# What never ran is due when its interval has passed for the first time.
INSERT_MISSING_STATES = """
INSERT INTO public.jobs_jobstate (key, kind, tenant_id, cursor, worked_seconds, failures, error_code, error_message)
SELECT asked.key, %(name)s, asked.tenant_id, '', 0, 0, '', '' FROM ({asked}) AS asked
ON CONFLICT (key) DO NOTHING
"""
SET_FIRST_DUE = """
UPDATE public.jobs_jobstate SET due_at = now() + %(every)s, overdue_at = now() + 2 * %(every)s + %(grace)s
WHERE kind = %(name)s AND due_at IS NULL
"""
# A job that failed, or found no place to run, waits with its attempts; one that was requested meanwhile waits with it.
REQUEST_LATER = """
INSERT INTO public.procrastinate_jobs
    (queue_name, task_name, priority, queueing_lock, args, attempts, scheduled_at)
VALUES (%(queue)s, %(queue)s, %(priority)s, %(key)s, jsonb_build_object('tenant_id', %(tenant_id)s::text),
    %(attempts)s, %(at)s)
ON CONFLICT (queueing_lock) WHERE status = 'todo' DO UPDATE SET
    attempts = greatest(procrastinate_jobs.attempts, EXCLUDED.attempts), scheduled_at = EXCLUDED.scheduled_at
"""
# It is due again after its interval, whatever becomes of this one.
REQUEST_DUE = """
WITH due AS (
    UPDATE public.jobs_jobstate SET due_at = now() + %(every)s WHERE kind = %(name)s AND due_at <= now()
    RETURNING key, tenant_id
)
INSERT INTO public.procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args)
SELECT %(queue)s, %(queue)s, %(priority)s, key, jsonb_build_object('tenant_id', tenant_id::text)
FROM due
ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
"""
SELECT_EACH_TENANT = (
    "SELECT %(name)s || ':' || id AS key, id AS tenant_id FROM public.tenants_tenant"
)
SELECT_AGENCY = "SELECT %(name)s || ':' AS key, NULL::uuid AS tenant_id"


def request_job(name: str, tenant_id: UUID | None = None, *, at: datetime | None = None) -> None:
    """Have a kind of job run for a tenant, or for the agency: soon, or at a time. One statement.

    Call it in the transaction that writes what it is to work on. A job that waits already is enough.
    """
    kind = find_kind(name)
    parameters: dict[str, Any] = {
        "queue": kind.queue,
        "priority": kind.priority,
        "key": kind.build_key(tenant_id),
        "tenant_id": str(tenant_id) if tenant_id else None,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(REQUEST_JOB, parameters)


def postpone_job(
    kind: JobKind, tenant_id: UUID | None, *, at: datetime, attempts: int, priority: int
) -> None:
    """Have a job that could not be done run at a time, and not before, whoever requests it meanwhile. One statement."""
    parameters: dict[str, Any] = {
        "queue": kind.queue,
        "priority": priority,
        "key": kind.build_key(tenant_id),
        "tenant_id": str(tenant_id) if tenant_id else None,
        "attempts": attempts,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(REQUEST_LATER, parameters)


def forget_failures(name: str, tenant_id: UUID | None = None) -> None:
    """Let a job that waits after failures run at once: somebody has looked, and asks for it again. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET_FAILURES, [find_kind(name).build_key(tenant_id)])


def request_due_jobs(kind: JobKind) -> int:
    """Have a kind that runs by itself run wherever it is due; return for how many that is new. Three statements."""
    asked = SELECT_EACH_TENANT if kind.for_each_tenant else SELECT_AGENCY
    parameters: dict[str, Any] = {
        "queue": kind.queue,
        "priority": kind.priority,
        "name": kind.name,
        "every": kind.every,
        "grace": OVERDUE_GRACE,
    }
    with connection.cursor() as cursor:
        cursor.execute(INSERT_MISSING_STATES.format(asked=asked), parameters)
        cursor.execute(SET_FIRST_DUE, parameters)
        cursor.execute(REQUEST_DUE, parameters)
        return int(cursor.rowcount)
