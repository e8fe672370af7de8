"""Every minute: jobs of dead workers are given back, what was given up long ago goes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tenants.jobs.queue import request_job
from tenants.jobs.scheduling import maintain_jobs, requeue_stalled_jobs
from tests.tenants.jobs.conftest import Counter, waiting

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def kind(declare):
    return declare(Counter())


def add_worker(reported_ago: timedelta) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s) RETURNING id",
            [timezone.now() - reported_ago],
        )
        return int(cursor.fetchone()[0])


def fetch(kind, worker_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT procrastinate_fetch_job_v2(%s, %s)", [[kind.queue], worker_id])


DEAD, ALIVE = timedelta(minutes=1), timedelta(seconds=5)


def test_the_job_of_a_dead_worker_waits_again_and_that_of_a_living_one_does_not(kind, acme, globex):
    for tenant, ago in ((acme, DEAD), (globex, ALIVE)):
        request_job(kind.name, tenant.id)
        fetch(kind, add_worker(ago))
    assert requeue_stalled_jobs() == 1
    (given_back,) = waiting(kind)
    assert (given_back["key"], given_back["attempts"]) == (kind.build_key(acme.id), 1)


def test_it_goes_when_another_one_waits_already(kind, acme, globex):
    request_job(kind.name, acme.id)
    fetch(kind, add_worker(DEAD))
    request_job(kind.name, acme.id)
    assert requeue_stalled_jobs() == 0
    assert [job["attempts"] for job in waiting(kind)] == [0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'")
        assert cursor.fetchone() == (0,)


def test_of_two_that_were_killed_at_the_same_job_one_waits_again(kind, acme, globex):
    for tenant in (acme, acme, globex):
        request_job(kind.name, tenant.id)
        fetch(kind, add_worker(DEAD))
    assert requeue_stalled_jobs() == 2
    assert {job["key"] for job in waiting(kind)} == {
        kind.build_key(acme.id),
        kind.build_key(globex.id),
    }


def test_a_job_that_kills_its_workers_waits_longer_each_time(kind, acme, globex):
    request_job(kind.name, acme.id)
    waits = []
    for _ in range(3):
        fetch(kind, add_worker(DEAD))
        requeue_stalled_jobs()
        (job,) = waiting(kind)
        waits.append(job["scheduled_at"])
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    assert waits[0] is None
    assert waits[1] < waits[2]


@pytest.mark.parametrize(("days", "left"), [(6, 1), (8, 0)])
def test_a_job_that_was_given_up_stays_for_a_week(kind, acme, globex, days, left):
    request_job(kind.name, acme.id)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")
        cursor.execute("UPDATE procrastinate_events SET at = %s", [NOW - timedelta(days=days)])
    maintain_jobs()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")
        assert cursor.fetchone() == (left,)


def test_it_takes_few_statements_whatever_the_number_of_tenants(
    acme, globex, django_assert_max_num_queries
):
    with django_assert_max_num_queries(30):
        maintain_jobs()
