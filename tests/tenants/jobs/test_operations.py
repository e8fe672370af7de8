"""Operations: one open for each tenant and kind, and every change of state is a conditional UPDATE."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tenants.errors import NotFound, OperationRefused
from tenants.jobs.operation_models import Operation, OperationEvent
from tenants.jobs.operations import (
    NO_WORKER,
    Actor,
    cancel,
    find_operation,
    list_problems,
    needs_worker,
    pause,
    request_operation,
    resume,
)
from tenants.jobs.progress import Progress
from tests.media_core.conftest import committed as committed  # noqa: PLC0414 - a fixture
from tests.tenants.conftest import sql

pytestmark = pytest.mark.django_db
OLGA = Actor(UUID(int=7), "Olga")
STATES = Operation.State.values
CHANGES = {
    pause: ({"queued", "running"}, "paused"),
    resume: ({"paused"}, "queued"),
    cancel: ({"queued", "running", "paused"}, "cancelled"),
}


def request_move(tenant, to="bucket", **given):
    return request_operation("move_storage", tenant, parameters={"to": to}, **given)


def new_operation(tenant, state="queued", **given):
    now = timezone.now()
    times = {"started_at": now} if state in {"running", "done", "failed"} else {}
    times |= {"ended_at": now} if state in {"done", "failed", "cancelled"} else {}
    facts = {"kind": "move_storage", "parameters": {"to": "bucket"}, **times, **given}
    return Operation.objects.create(tenant=tenant, state=state, **facts)


def start_worker():
    """Let it look as if a worker were running."""
    sql("INSERT INTO procrastinate_workers DEFAULT VALUES")


def list_waiting_tenants():
    """Return the tenants of the jobs that wait for a worker."""
    found = sql(
        "SELECT args->>'tenant_id' FROM procrastinate_jobs WHERE queue_name LIKE 'move_storage.%%'"
    )
    return [tenant_id for (tenant_id,) in found]


def read_log(operation):
    return [(event.action, event.actor_name) for event in operation.events.order_by("pk")]


def test_asked_twice_is_one_with_one_job(acme, globex):
    first, second, other = request_move(acme, actor=OLGA), request_move(acme), request_move(globex)
    assert first == second != other
    assert sorted(list_waiting_tenants()) == sorted([str(acme.id), str(globex.id)])
    assert read_log(first) == [("requested", "Olga")]
    assert (first.requested_by_id, first.requested_by_name) == (OLGA.id, "Olga")


def test_kinds_stand_beside_each_other(acme):
    assert request_move(acme) != request_operation("take_down", acme)


def test_the_other_way_is_refused_while_one_is_open(acme):
    operation = request_move(acme, "bucket")
    with pytest.raises(OperationRefused, match=f"operations cancel {operation.reference}"):
        request_move(acme, "disk")
    cancel(operation)
    assert request_move(acme, "disk") != operation


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_what_has_ended_is_asked_for_anew(state, acme):
    assert request_move(acme) != new_operation(acme, state)


def test_a_paused_one_stays_paused_when_it_is_asked_for_again(acme):
    operation = new_operation(acme, "paused")
    assert request_move(acme) == operation
    assert (request_move(acme).state, list_waiting_tenants()) == ("paused", [])


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("state", STATES)
def test_changes_only_what_is_in_a_state_for_it(change, state, acme, globex):
    operation, other = new_operation(acme, state), new_operation(globex, "running")
    before, after = CHANGES[change]
    if state in before:
        change(operation, actor=OLGA)
        assert read_log(operation)[-1][1] == "Olga"
    else:
        with pytest.raises(OperationRefused):
            change(operation, actor=OLGA)
        assert read_log(operation) == []
    operation.refresh_from_db()
    assert operation.state == (after if state in before else state)
    assert (operation.ended_at is None) == operation.is_open
    other.refresh_from_db()
    assert other.state == "running"


@pytest.mark.parametrize(
    ("change", "state", "sentence"),
    [
        (pause, "paused", "Operation 1f0c2a9e is already paused."),
        (cancel, "cancelled", "Operation 1f0c2a9e is already cancelled."),
        (
            resume,
            "running",
            "Operation 1f0c2a9e is not paused, it is running: there is nothing to resume.",
        ),
        (pause, "done", "Operation 1f0c2a9e has ended (done): it cannot be paused."),
        (resume, "cancelled", "Operation 1f0c2a9e has ended (cancelled): it cannot be resumed."),
        (
            cancel,
            "failed",
            "Operation 1f0c2a9e has ended (failed in part): it cannot be cancelled.",
        ),
    ],
)
def test_a_refusal_says_the_state(change, state, sentence, acme):
    operation = new_operation(acme, state, id=UUID("1f0c2a9e-0000-4000-8000-000000000001"))
    with pytest.raises(OperationRefused) as refused:
        change(operation)
    assert refused.value.detail == sentence


@pytest.mark.parametrize("state", STATES)
def test_says_at_once_that_no_worker_runs(state, acme):
    operation = new_operation(acme, state)
    Operation.objects.update(updated_at=timezone.now() - timedelta(seconds=20))
    operation.refresh_from_db()
    assert needs_worker(operation) == (state in {"queued", "running"})
    assert (list_problems(operation) == [NO_WORKER]) == (state in {"queued", "running"})
    start_worker()
    assert list_problems(operation) == []


def test_a_command_that_works_on_it_needs_no_worker(acme):
    assert not needs_worker(new_operation(acme, "running"))
    assert needs_worker(new_operation(acme, "queued", kind="take_down"))


def test_says_that_nothing_has_moved_although_a_worker_runs(acme):
    start_worker()
    operation = new_operation(acme, "running")
    operation.updated_at = datetime(2026, 1, 1, tzinfo=UTC)
    (problem,) = list_problems(operation)
    assert problem.startswith("Nothing has moved since 1 Jan 2026, 00:00:00 UTC.")


def test_to_resume_asks_for_its_job_again(acme):
    operation = new_operation(acme, "paused")
    resume(operation)
    assert list_waiting_tenants() == [str(acme.id)]


def test_who_asks_does_not_wait_for_the_pause_after_failures(acme, globex):
    for tenant in (acme, globex):
        request_move(tenant)
    sql("UPDATE procrastinate_jobs SET attempts = 9, scheduled_at = now() + interval '1 hour'")
    operation = request_move(acme)
    pause(operation)
    resume(operation)
    waits = sql("SELECT args->>'tenant_id' FROM procrastinate_jobs WHERE scheduled_at IS NOT NULL")
    assert waits == [(str(globex.id),)]


@pytest.mark.parametrize("at_once", [request_move, "cancel"])
def test_of_two_at_once_one_comes_first(at_once, committed, acme):
    start = Barrier(2)
    operation = committed(lambda: request_move(acme)) if at_once == "cancel" else None

    def ask(_number):
        try:
            start.wait(30)
            if operation is None:
                return request_move(acme).pk
            cancel(find_operation(operation.pk))
        except OperationRefused:
            return "refused"
        else:
            return "cancelled"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(ask, range(2)))
    if operation:
        assert sorted(found) == ["cancelled", "refused"]
    else:
        assert len(set(found)) == 1
        assert committed(OperationEvent.objects.count) == 1


def test_is_found_by_the_beginning_of_its_id(acme):
    one = new_operation(acme, "done", id=UUID("12345678-0000-4000-8000-000000000001"))
    two = new_operation(acme, "done", id=UUID("12345678-0000-4000-8000-000000000002"))
    other = new_operation(acme, "done", id=UUID("12345679-0000-4000-8000-000000000002"))
    assert find_operation("12345679") == find_operation(str(other.pk)) == other
    assert find_operation(one.pk) == one
    with pytest.raises(OperationRefused, match="Several ids"):
        find_operation("12345678")
    assert find_operation(str(two.pk).replace("-", "")) == two


@pytest.mark.parametrize("reference", ["1234567", "87654321", "no-such-", "", "x" * 99, "0" * 33])
def test_nothing_is_found_by_anything_else(reference, acme):
    with pytest.raises(NotFound):
        find_operation(reference)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "asleep"},
        {"state": "running"},
        {"state": "done"},
        {"done_objects": 2, "failed_objects": 2, "total_objects": 3},
        {"done_bytes": 2, "total_bytes": 1},
        {"done_objects": -1},
    ],
)
def test_the_database_refuses_what_cannot_be(wrong, acme):
    with pytest.raises(IntegrityError), transaction.atomic():
        Operation.objects.create(kind="x", tenant=acme, **wrong)


def test_a_row_is_never_deleted(acme):
    with pytest.raises(TypeError):
        new_operation(acme).delete()


def test_the_time_left_is_by_objects_or_by_bytes_whichever_takes_longer(acme):
    few_large = Progress.from_operation(
        Operation(
            state="running",
            total_objects=4,
            done_objects=2,
            total_bytes=1000,
            done_bytes=100,
            worked_seconds=10,
        )
    )
    assert (few_large.seconds_left, few_large.bytes_per_second) == (90, 10)
    assert few_large.percent == 50
