"""What happens every minute: jobs that are due are asked for, those of dead workers given back, old ones removed."""

from django.db import connection

from tenants.jobs.kinds import list_kinds
from tenants.jobs.queue import request_due_jobs

# Workers report every 10 seconds.
DEAD_AFTER = "30 seconds"
# How long a job that was given up stays to be looked at.
FAILED_RETENTION = "7 days"

REMOVE_DEAD_WORKERS = (
    "DELETE FROM public.procrastinate_workers WHERE last_heartbeat < now() - %s::interval"
)
# One job that waits for each lock, whoever else asked for one or was killed at one. A job that kills its workers again
# and again waits longer each time.
REQUEUE_STALLED = """
WITH stalled AS (
    DELETE FROM public.procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL RETURNING *
)
INSERT INTO public.procrastinate_jobs
    (queue_name, task_name, priority, lock, queueing_lock, args, attempts, scheduled_at)
SELECT queue_name, task_name, priority, lock, queueing_lock, args, attempts + 1, CASE WHEN attempts > 0
    THEN now() + least(5 * power(2, least(attempts, 20)), 3600) * interval '1 second' END
FROM stalled ORDER BY attempts DESC
ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
"""
DELETE_OLD_JOBS = """
DELETE FROM public.procrastinate_jobs AS job WHERE status IN ('failed', 'cancelled', 'aborted', 'succeeded')
    AND NOT EXISTS (SELECT 1 FROM public.procrastinate_events WHERE job_id = job.id AND at > now() - %s::interval)
"""


def maintain_jobs() -> None:
    """Do what is done every minute. Safe beside itself. Three statements, and one for each kind that runs by itself."""
    requeue_stalled_jobs()
    for kind in list_kinds():
        if kind.every:
            request_due_jobs(kind)
    with connection.cursor() as cursor:
        cursor.execute(DELETE_OLD_JOBS, [FAILED_RETENTION])


def requeue_stalled_jobs() -> int:
    """Let others do the jobs of workers that were killed; return how many. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(REMOVE_DEAD_WORKERS, [DEAD_AFTER])
        cursor.execute(REQUEUE_STALLED)
        return int(cursor.rowcount)
