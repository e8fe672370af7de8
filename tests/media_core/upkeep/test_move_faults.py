"""Whatever ends a move, and wherever: each object is read where its row says, and the next run goes on."""

from threading import Thread

import pytest
from django.db import connection

from media_core.storages.models import StoredObject
from media_core.storages.room import remove_everywhere, verify
from media_core.upkeep.move_storage import move_room
from media_core.uploads.flow import sweep
from tenants.binding import bind_tenant, one_at_a_time
from tests.media_core.upkeep.conftest import OTHER, keep
from tests.media_core.uploads.faults import ENDS, interrupted

pytestmark = pytest.mark.django_db


@pytest.fixture
def cut_points(acme, capsys):
    """Return the tenant whose objects move, and a way to say at how many steps a move was ended."""

    def say(text):
        with capsys.disabled():
            print(f"\n  {text}", end="")  # noqa: T201 - the count is what a reader of the run wants

    return acme, say


def moving(to):
    return move_room(StoredObject.Place(to), tell=lambda _: None)


def move(tenant, to):
    with bind_tenant(tenant):
        return moving(to)


def readable(tenant):
    """Assert that every object lies where its row says, with the right bytes; return their keys."""
    with bind_tenant(tenant):
        rows = list(StoredObject.objects.stored())
        for row in rows:
            verify(row)
        return {row.key for row in rows}


def moved(tenant, to, came):
    """Assert that everything is at one place, and nothing anywhere else."""
    known = readable(tenant)
    with bind_tenant(tenant):
        assert not StoredObject.objects.exclude(place=to, left_in="").exists()
    assert came() == {to: known, OTHER[to]: set()}


# Killed on one way and interrupted on the other in every run, both on both in `make test-slow`.
@pytest.mark.parametrize(
    ("to", "end"),
    [
        ("bucket", "killed"),
        ("disk", "interrupted"),
        pytest.param("bucket", "interrupted", marks=pytest.mark.slow),
        pytest.param("disk", "killed", marks=pytest.mark.slow),
    ],
)
def test_a_move_that_ends_at_any_step_loses_nothing_and_is_ended_by_the_next(
    to, end, committed, came, cut_points
):
    acme, say = cut_points

    def again():
        with bind_tenant(acme):
            for row in StoredObject.objects.all():
                remove_everywhere(row)
            StoredObject.objects.all().delete()
        keep(acme, OTHER[to], area="media")

    steps, ended = 0, False
    while not ended:
        steps += 1
        committed(again)
        ended = ENDS[end](lambda: moving(to), acme, steps)
        assert len(committed(lambda: readable(acme))) == 1
        committed(lambda: move(acme, to))
        committed(lambda: moved(acme, to, came))
    say(f"move to {to}, {end}: {steps - 1} cut points")
    # What may lie at the new place, the bytes, the proof, the place, the old copy: each in several steps.
    assert steps - 1 >= 30


@pytest.mark.parametrize("to", ["bucket", pytest.param("disk", marks=pytest.mark.slow)])
def test_an_object_that_leaves_between_a_killed_move_and_the_sweep_leaves_no_copy(
    to, committed, came, acme
):
    steps, ended = 0, False

    def leave_and_sweep():
        with bind_tenant(acme):
            for row in StoredObject.objects.stored():
                row.leave()
            sweep()
            assert not StoredObject.objects.exclude(state="gone").exists()

    while not ended:
        steps += 1
        committed(lambda: keep(acme, OTHER[to]))
        ended = interrupted(lambda: moving(to), acme, steps)
        committed(leave_and_sweep)
        assert came() == {"bucket": set(), "disk": set()}


def test_an_object_that_leaves_while_it_moves_leaves_no_copy(committed, came, acme):
    left = []

    def meanwhile():
        with bind_tenant(acme):
            for row in StoredObject.objects.stored():
                row.leave()
            sweep()
        left.append(True)

    step = 0
    while len(left) == step:
        step += 1
        committed(lambda: keep(acme, "disk"))
        interrupted(lambda: moving("bucket"), acme, step, lambda: committed(meanwhile))
        if len(left) == step:
            committed(lambda: move(acme, "bucket"))
            assert came() == {"bucket": set(), "disk": set()}, step
    assert step > 30


def test_a_second_run_for_the_same_tenant_waits_for_the_first(committed, came, acme, globex):
    for tenant in (acme, globex):
        committed(lambda tenant=tenant: keep(tenant, "disk"))
    seen = []

    def second():
        with bind_tenant(globex), one_at_a_time():
            seen.append("globex")
        with bind_tenant(acme), one_at_a_time():
            seen.append("acme")
        connection.close()

    def first():
        with bind_tenant(acme), one_at_a_time():
            waiting = Thread(target=second)
            waiting.start()
            waiting.join(0.5)
            seen.append("first is done")
        waiting.join(10)

    committed(first)
    assert seen == ["globex", "first is done", "acme"]
