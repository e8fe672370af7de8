"""A job is asked for in the caller's transaction, and one that waits is enough."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tenants.jobs.models import JobState
from tenants.jobs.queue import REQUEST_JOB, request_due_jobs, request_job
from tests.tenants.conftest import Connect
from tests.tenants.jobs.conftest import Counter, clear_queue, waiting

pytestmark = pytest.mark.django_db
NOW = timezone.now()
SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)


@pytest.fixture
def kind(declare):
    return declare(Counter())


def test_one_job_waits_for_each_tenant_however_often_it_is_requested(kind, acme, globex):
    for tenant in (acme, globex, acme, acme):
        request_job(kind.name, tenant.id)
    assert [job["key"] for job in waiting(kind)] == [f"count:{acme.id}", f"count:{globex.id}"]


def test_a_job_of_the_agency_waits_beside_those_of_tenants(kind, acme):
    request_job(kind.name)
    request_job(kind.name, acme.id)
    assert [job["key"] for job in waiting(kind)] == ["count:", f"count:{acme.id}"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (LATER, SOON, SOON),
        (SOON, LATER, SOON),
        (LATER, None, None),
        (None, LATER, None),
    ],
)
def test_it_runs_as_early_as_anybody_wants(kind, acme, first, second, expected):
    request_job(kind.name, acme.id, at=first)
    request_job(kind.name, acme.id, at=second)
    assert [job["scheduled_at"] for job in waiting(kind)] == [expected]


def test_one_that_pauses_after_a_failure_keeps_its_pause(kind, acme, globex):
    for tenant in (acme, globex):
        request_job(kind.name, tenant.id, at=LATER)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET attempts = 1 WHERE queueing_lock = %s",
            [kind.build_key(acme.id)],
        )
        request_job(kind.name, acme.id)
        request_job(kind.name, globex.id)
    assert [job["scheduled_at"] for job in waiting(kind)] == [LATER, None]


def test_a_request_is_rolled_back_with_the_rows_it_was_for(kind, acme):
    with transaction.atomic():
        request_job(kind.name, acme.id)
        assert waiting(kind)
        transaction.set_rollback(True)
    assert waiting(kind) == []


FETCH = "SELECT queueing_lock FROM procrastinate_fetch_job_v2(%s, NULL)"


def test_a_waiting_job_does_not_begin_before_the_rows_of_a_later_request_are_there(
    kind, acme, connect: Connect
):
    """It would not see them, and no other job would come for them."""
    worker, other = connect(), connect()
    ask = (
        "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock) "
        "VALUES ('count.v1', 'count.v1', 'count:x')"
    )
    other.execute(ask)
    other.commit()
    try:
        request_like(other, "count:x")
        assert worker.execute(FETCH, [["count.v1"]]).fetchone() == (None,)
        worker.rollback()
        other.commit()
        assert worker.execute(FETCH, [["count.v1"]]).fetchone() == ("count:x",)
    finally:
        worker.rollback()
        other.execute("DELETE FROM procrastinate_jobs WHERE queueing_lock = 'count:x'")
        other.commit()


def request_like(connection_, key: str) -> None:
    """Send what `request_job` sends, on a connection of one's own."""
    values = {"queue": "count.v1", "priority": 0, "key": key, "tenant_id": None, "at": None}
    connection_.execute(REQUEST_JOB, values)


def note_due(kind, tenant, due) -> None:
    key = kind.build_key(tenant.id if tenant else None)
    JobState.objects.create(key=key, kind=kind.name, tenant=tenant, due_at=due)


class TestByTheClock:
    def test_a_kind_is_requested_for_every_tenant_where_it_is_due(
        self, declare, acme, globex, hooli
    ):
        kind = declare(Counter(), every=timedelta(hours=1))
        for tenant, due in ((acme, NOW - timedelta(minutes=1)), (globex, LATER)):
            note_due(kind, tenant, due)
        assert request_due_jobs(kind) == 1
        assert [job["key"] for job in waiting(kind)] == [kind.build_key(acme.id)]

    def test_it_is_due_again_after_its_interval_however_long_it_takes(self, declare, acme, globex):
        kind = declare(Counter(), every=timedelta(hours=1))
        note_due(kind, acme, NOW)
        request_due_jobs(kind)
        clear_queue()
        assert request_due_jobs(kind) == 0

    def test_what_never_ran_is_due_after_one_interval(self, declare, acme, globex):
        kind = declare(Counter(), every=timedelta(hours=1))
        assert request_due_jobs(kind) == 0
        state = JobState.objects.get(key=kind.build_key(acme.id))
        assert state.due_at
        assert state.overdue_at == state.due_at + timedelta(minutes=75)
        assert state.due_at > timezone.now() + timedelta(minutes=50)

    def test_twice_is_once(self, declare, acme, globex):
        kind = declare(Counter(), every=timedelta(hours=1))
        note_due(kind, acme, NOW)
        assert [request_due_jobs(kind), request_due_jobs(kind)] == [1, 0]

    def test_one_for_the_agency_is_requested_once(self, declare, acme, globex):
        kind = declare(Counter(), every=timedelta(hours=1), for_each_tenant=False)
        note_due(kind, None, NOW)
        assert request_due_jobs(kind) == 1
        assert [job["key"] for job in waiting(kind)] == ["count:"]
