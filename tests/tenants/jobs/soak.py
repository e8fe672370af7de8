"""Workers that are killed: rows in the schemas of many tenants, and a kind of job that notes whose each of them was.

Run as a module, with a database of its own in DATABASE_URL: `prepare`, `worker` or `report`.
"""

import json
import os
import sys
import time
from typing import Any

import django

TENANTS, ROWS = int(os.environ.get("SOAK_TENANTS", "10")), 40
# Rows of the first tenant, which are done as many to a job as its five seconds allow.
MANY_ROWS = 10_000


def prepare() -> None:
    """Make tenants, each with rows to be done, and ask for a job for each tenant."""
    from django.core.management import call_command  # noqa: PLC0415 - models need Django set up
    from django.db import connection  # noqa: PLC0415

    from tenants.binding import bind_tenant  # noqa: PLC0415
    from tenants.jobs.queue import request_job  # noqa: PLC0415
    from tenants.provisioning import create_tenant  # noqa: PLC0415

    call_command("migrate_schemas", shared=True, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE public.effect (id bigserial, at_tenant uuid, of_tenant uuid, row_id int)"
        )
    for number in range(TENANTS):
        tenant = create_tenant(
            name=f"T {number}", location_prefix=f"t{number}/", domain=f"t{number}.example"
        )
        with bind_tenant(tenant), connection.cursor() as cursor:
            cursor.execute("CREATE TABLE piece (id int PRIMARY KEY, tenant uuid, is_done boolean)")
            cursor.execute(
                "INSERT INTO piece SELECT n, %s, false FROM generate_series(1, %s) n",
                [tenant.id, ROWS],
            )
        request_job("soak", tenant.id)


def declare() -> None:
    from django.db import connection, transaction  # noqa: PLC0415

    from tenants.binding import bound_tenant  # noqa: PLC0415
    from tenants.jobs.kinds import JobKind, JobStep  # noqa: PLC0415
    from tenants.jobs.tasks import declare_job  # noqa: PLC0415

    @declare_job(JobKind(name="long_soak", summary="Do many pieces", for_each_tenant=True))
    def soak_long(step: JobStep) -> str | None:
        """Do pieces while there is time."""
        last: str | None = "0"
        while last is not None and step.has_time():
            last = soak(step)
        return last

    @declare_job(JobKind(name="soak", summary="Do pieces", for_each_tenant=True))
    def soak(_step: JobStep) -> str | None:
        """Do one piece: so each piece is a job."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE piece SET is_done = true WHERE id = "
                "(SELECT min(id) FROM piece WHERE NOT is_done) RETURNING id, tenant"
            )
            if not (row := cursor.fetchone()):
                return None
            cursor.execute(
                "INSERT INTO public.effect (at_tenant, of_tenant, row_id) VALUES (%s, %s, %s)",
                [bound_tenant().id, row[1], row[0]],
            )
        return str(row[0])

    @declare_job(JobKind(name="stuck", summary="Do not end", for_each_tenant=False))
    def stick(_step: JobStep) -> None:
        time.sleep(600)


def ask_to_stick() -> None:
    from tenants.jobs.queue import request_job  # noqa: PLC0415

    request_job("stuck")


def ask_for_many() -> None:
    """Give the first tenant many pieces more, and ask for its job before the others' jobs."""
    from django.db import connection  # noqa: PLC0415

    from tenants.binding import bind_tenant  # noqa: PLC0415
    from tenants.jobs.queue import request_job  # noqa: PLC0415
    from tenants.models import Tenant  # noqa: PLC0415

    first = Tenant.objects.get(location_prefix="t0/")
    with bind_tenant(first), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO piece SELECT n, %s, false FROM generate_series(%s, %s) n",
            [first.id, ROWS + 1, MANY_ROWS],
        )
        cursor.execute("DELETE FROM public.procrastinate_jobs")
    for tenant in (first, *Tenant.objects.exclude(pk=first.pk)):
        request_job("long_soak", tenant.id)


def ask_again() -> None:
    """Ask for one more piece, with nobody told: as where a pooler loses NOTIFY."""
    from django.db import connection  # noqa: PLC0415

    from tenants.binding import bind_tenant  # noqa: PLC0415
    from tenants.jobs.queue import request_job  # noqa: PLC0415
    from tenants.models import Tenant  # noqa: PLC0415

    first = Tenant.objects.get(location_prefix="t0/")
    with bind_tenant(first), connection.cursor() as cursor:
        cursor.execute("INSERT INTO piece VALUES (%s, %s, false)", [ROWS + 1, first.id])
        cursor.execute("ALTER TABLE public.procrastinate_jobs DISABLE TRIGGER USER")
    request_job("soak", first.id)


def work() -> None:
    from tenants.jobs import scheduling, worker  # noqa: PLC0415

    # A killed worker is given up after three seconds instead of thirty.
    scheduling.DEAD_AFTER = "3 seconds"
    worker.HEARTBEAT_SECONDS = 0.5
    worker.run_worker(worker.WorkerOptions(threads=int(os.environ.get("SOAK_THREADS", "4"))))


def give_back() -> None:
    from tenants.jobs import scheduling  # noqa: PLC0415

    scheduling.DEAD_AFTER = "3 seconds"
    scheduling.requeue_stalled_jobs()


def report() -> dict[str, Any]:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(DISTINCT (of_tenant, row_id)), "
            "count(*) FILTER (WHERE at_tenant <> of_tenant) FROM public.effect"
        )
        done, distinct, mixed = cursor.fetchone()
    return {"done": done, "distinct": distinct, "mixed": mixed}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
    django.setup()
    declare()
    actions: dict[str, Any] = {
        "prepare": prepare,
        "stick": ask_to_stick,
        "ask_for_many": ask_for_many,
        "ask_again": ask_again,
        "worker": work,
        "give_back": give_back,
        "report": report,
    }
    print(json.dumps(actions[sys.argv[1]]()))  # noqa: T201


if __name__ == "__main__":
    main()
