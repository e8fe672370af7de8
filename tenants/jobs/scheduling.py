"""What happens every minute: jobs that are due are asked for, those of dead workers given back, old ones removed."""

from django.db import connection

from tenants.jobs.kinds import list_kinds
from tenants.jobs.queue import request_due

# Workers report every 10 seconds.
DEAD_AFTER = "30 seconds"
# How long a job that was given up stays to be looked at.
FAILED_KEPT = "7 days"

BURY_WORKERS = (
    "DELETE FROM public.procrastinate_workers WHERE last_heartbeat < now() - %s::interval"
)
# Another one that waits is enough; and a queueing lock is for one waiting job only.
DROP_STALLED = """
DELETE FROM public.procrastinate_jobs AS job USING public.procrastinate_jobs AS waiting
WHERE job.status = 'doing' AND job.worker_id IS NULL
    AND waiting.status = 'todo' AND waiting.queueing_lock = job.queueing_lock
"""
GIVE_BACK_STALLED = """
UPDATE public.procrastinate_jobs SET status = 'todo', attempts = attempts + 1, scheduled_at = NULL
WHERE status = 'doing' AND worker_id IS NULL
"""
DROP_OLD = """
DELETE FROM public.procrastinate_jobs AS job WHERE status IN ('failed', 'cancelled', 'aborted', 'succeeded')
    AND NOT EXISTS (SELECT 1 FROM public.procrastinate_events WHERE job_id = job.id AND at > now() - %s::interval)
"""


def schedule() -> None:
    """Do what is done every minute. Safe beside itself. Four statements, and one for each kind that runs by itself."""
    give_back_stalled()
    for kind in list_kinds():
        if kind.every:
            request_due(kind)
    with connection.cursor() as cursor:
        cursor.execute(DROP_OLD, [FAILED_KEPT])


def give_back_stalled() -> int:
    """Let others do the jobs of workers that were killed; return how many. Three statements."""
    with connection.cursor() as cursor:
        cursor.execute(BURY_WORKERS, [DEAD_AFTER])
        cursor.execute(DROP_STALLED)
        cursor.execute(GIVE_BACK_STALLED)
        return int(cursor.rowcount)
