"""A step is bound to its tenant, alone, and what came of it is written down."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tenants.binding import bound_tenant, get_binding
from tenants.errors import NeedsPeople, NoTenantBound, TenantSuspended
from tenants.jobs import step_runner
from tenants.jobs.kinds import BUSY_PRIORITY, MAX_ATTEMPTS, JobStep
from tenants.jobs.models import JobState
from tenants.jobs.queue import request_job
from tenants.jobs.step_runner import run_step
from tenants.jobs.tasks import RetryLater
from tests.tenants.conftest import Connect, nothing_is_bound, whose_rows
from tests.tenants.jobs.conftest import Counter, waiting
from tests.wire import statements

pytestmark = pytest.mark.django_db


def state(kind, tenant) -> JobState:
    return JobState.objects.get(key=kind.build_key(tenant.id if tenant else None))


def test_it_works_for_its_tenant_and_for_nobody_afterwards(declare, acme, globex):
    seen = []
    kind = declare(lambda _step: seen.append((bound_tenant(), whose_rows())))
    for tenant in (acme, globex, acme):
        run_step(kind, tenant.id)
        assert nothing_is_bound()
    assert seen == [(acme, ["Acme"]), (globex, ["Globex"]), (acme, ["Acme"])]


def test_one_of_the_agency_is_bound_to_no_tenant(declare, acme, globex):
    def work(_step: JobStep) -> None:
        with pytest.raises(NoTenantBound):
            bound_tenant()
        assert get_binding()

    run_step(declare(work, for_each_tenant=False), None)


def test_what_is_left_goes_on_behind_the_others(declare, acme, globex):
    counter = Counter(total=7)
    kind = declare(counter)
    run_step(kind, acme.id)
    assert state(kind, acme).cursor == "3"
    run_step(kind, globex.id)
    assert [job["key"] for job in waiting(kind)] == [
        kind.build_key(acme.id),
        kind.build_key(globex.id),
    ]
    for _ in range(2):
        run_step(kind, acme.id)
    assert [number for prefix, number in counter.done if prefix == "acme/"] == list(range(7))
    assert state(kind, acme).cursor == ""


def test_a_pass_is_timed_from_its_first_step_to_its_last(declare, acme, globex):
    kind = declare(Counter(total=4), every=timedelta(hours=1))
    run_step(kind, acme.id)
    first = state(kind, acme)
    assert first.ended_at is None
    run_step(kind, acme.id)
    last = state(kind, acme)
    assert (last.started_at, last.due_at) == (first.started_at, first.due_at)
    assert first.started_at
    assert first.due_at == first.started_at + timedelta(hours=1)
    assert last.ended_at
    assert last.ended_at > first.started_at
    assert last.ended_seconds == pytest.approx(last.worked_seconds)
    assert last.worked_seconds > first.worked_seconds
    assert not JobState.objects.filter(tenant=globex).exists()


class TestFailing:
    @pytest.fixture
    def kind(self, declare):
        def work(_step: JobStep) -> None:
            if bound_tenant().location_prefix == "acme/":
                raise TenantSuspended("acme's documents")

        return declare(work, every=timedelta(hours=1))

    def test_it_is_written_down_with_its_code_and_public_sentence(self, kind, acme, globex):
        for _ in range(2):
            with pytest.raises(TenantSuspended):
                run_step(kind, acme.id)
        run_step(kind, globex.id)
        failed = state(kind, acme)
        assert (failed.failures, failed.error_code) == (2, "TenantSuspended")
        assert failed.error_message == "This site is suspended."
        assert list(JobState.objects.failing()) == [failed]

    def test_of_an_unforeseen_error_only_the_name_is_kept(self, declare, acme, globex):
        kind = declare(lambda _step: dict[str, None]()["a document's title"])
        with pytest.raises(KeyError):
            run_step(kind, acme.id)
        assert (state(kind, acme).error_code, state(kind, acme).error_message) == ("KeyError", "")

    def test_one_that_goes_well_again_is_no_longer_failing(self, declare, acme, globex):
        errors = [ZeroDivisionError()]

        def work(_step: JobStep) -> None:
            if errors:
                raise errors.pop()

        kind = declare(work)
        with pytest.raises(ZeroDivisionError):
            run_step(kind, acme.id)
        run_step(kind, acme.id)
        assert (state(kind, acme).failures, state(kind, acme).error_code) == (0, "")

    def test_it_keeps_its_place(self, declare, acme, globex):
        counter = Counter(total=7)

        def work(step: JobStep) -> str | None:
            if step.position and len(counter.done) == 3:
                counter.done.append(("", -1))
                raise ZeroDivisionError
            return counter(step)

        kind = declare(work)
        run_step(kind, acme.id)
        with pytest.raises(ZeroDivisionError):
            run_step(kind, acme.id)
        assert state(kind, acme).cursor == "3"

    def test_pauses_double_and_end(self, kind):
        pauses = [kind.compute_retry_seconds(attempts) for attempts in range(MAX_ATTEMPTS)]
        assert pauses[:3] == [5, 10, 20]
        assert pauses[-1] is None
        assert max(pause for pause in pauses if pause) == 3600


class TestTryingAgain:
    def test_a_job_that_was_requested_meanwhile_waits_with_the_one_that_failed(
        self, declare, acme, globex
    ):
        kind = declare(Counter())
        request_job(kind.name, acme.id)
        with RetryLater(kind, acme.id, 2):
            raise ZeroDivisionError
        (again,) = waiting(kind)
        assert again["attempts"] == 3
        assert again["scheduled_at"] > timezone.now()

    @pytest.mark.parametrize(
        ("attempts", "error"), [(MAX_ATTEMPTS - 1, ZeroDivisionError()), (0, NeedsPeople())]
    )
    def test_in_the_end_it_is_not_tried_again(self, declare, acme, globex, attempts, error):
        kind = declare(Counter())
        with RetryLater(kind, acme.id, attempts):
            raise error
        assert waiting(kind) == []

    def test_work_that_is_not_given_up_waits_for_people_too(self, declare, acme, globex):
        kind = declare(Counter(), gives_up=False)
        with RetryLater(kind, acme.id, MAX_ATTEMPTS):
            raise NeedsPeople
        (again,) = waiting(kind)
        assert again["scheduled_at"] > timezone.now()

    def test_one_without_a_slot_keeps_its_attempts_and_waits_behind_others(
        self, declare, acme, globex
    ):
        kind = declare(Counter(), slots=1, priority=10)
        with step_runner._take_slot(kind):
            run_step(kind, acme.id, attempts=4)
        (again,) = waiting(kind)
        assert (again["attempts"], again["priority"]) == (4, BUSY_PRIORITY)


class TestNeverTwoAtOnce:
    def test_a_job_that_runs_elsewhere_is_tried_again_in_a_moment(
        self, declare, acme, globex, connect: Connect
    ):
        counter = Counter()
        kind = declare(counter)
        other = connect()
        with step_runner._lock_job(kind, acme.id, only_if=True):
            number = lock_numbers()
        other.execute("SELECT pg_advisory_lock(%s)", [number])
        run_step(kind, acme.id)
        # A backend may live for a moment after its connection was closed, and the next test uses the same lock.
        other.execute("SELECT pg_advisory_unlock_all()")
        assert counter.done == []
        (again,) = waiting(kind)
        assert again["scheduled_at"] > timezone.now()
        run_step(kind, globex.id)
        assert {prefix for prefix, _ in counter.done} == {"globex/"}

    def test_so_is_one_whose_kind_has_no_slot_free(self, declare, acme, globex):
        counter = Counter(total=1)

        def work(step: JobStep) -> None:
            counter(step)
            if len(counter.done) == 1:
                run_step(kind, globex.id)

        kind = declare(work, slots=1)
        run_step(kind, acme.id)
        assert counter.done == [("acme/", 0)]
        assert [job["key"] for job in waiting(kind)] == [kind.build_key(globex.id)]


def lock_numbers() -> int:
    """Return the one advisory lock of eight bytes that this connection holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks "
            "WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objsubid = 1"
        )
        return int(cursor.fetchone()[0])


def test_a_step_has_no_time_when_the_worker_is_to_end(declare, acme, globex):
    had_time = []
    kind = declare(lambda step: had_time.append(step.has_time()))
    run_step(kind, acme.id)
    step_runner.is_stopping.set()
    try:
        run_step(kind, globex.id)
    finally:
        step_runner.is_stopping.clear()
    assert had_time == [True, False]


def test_a_step_costs_three_messages_to_the_database(declare, acme, globex):
    kind = declare(lambda _step: None, every=timedelta(hours=1))
    run_step(kind, acme.id)
    with statements() as sent:
        run_step(kind, acme.id)
    assert [each.strip('"').split()[0] for each in sent] == ["SELECT", "SET", "UPDATE", "SELECT"]


def test_a_job_that_finds_nothing_to_do_is_not_written_down_each_time(declare, acme, globex):
    kind = declare(lambda _step: None)
    run_step(kind, acme.id)
    with statements() as sent:
        run_step(kind, acme.id)
    assert [each.strip('"').split()[0] for each in sent] == ["SELECT", "SELECT"]


def test_a_tenant_that_is_suspended_is_looked_after_all_the_same(declare, hooli, acme):
    seen: list[str] = []
    kind = declare(lambda step: seen.append(f"at {step.position or 'the beginning'}"))
    run_step(kind, hooli.id)
    assert seen == ["at the beginning"]
