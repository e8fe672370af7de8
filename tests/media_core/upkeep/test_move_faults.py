"""Whatever ends a move, and wherever: each object is read where its row says, and the next run goes on."""

from threading import Thread

import pytest
from django.db import connection

from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import remove_everywhere, verify_bytes
from media_core.uploads.flow import sweep
from tenants.binding import bind_tenant, lock_tenant
from tests.media_core.upkeep.conftest import OTHER, keep
from tests.media_core.uploads.faults import INTERRUPTED, INTERRUPTED_AND_KILLED
from tests.operations import move_all

pytestmark = pytest.mark.django_db


def moving(to):
    return move_all(to)


def move(tenant, to):
    with bind_tenant(tenant):
        return moving(to)


def readable(tenant):
    """Assert that every object lies where its row says, with the right bytes; return their keys."""
    with bind_tenant(tenant):
        rows = list(StoredObject.objects.stored())
        for row in rows:
            verify_bytes(row)
        return {row.key for row in rows}


def moved(tenant, to, came):
    """Assert that everything is at one place, and nothing anywhere else."""
    known = readable(tenant)
    with bind_tenant(tenant):
        assert not StoredObject.objects.exclude(place=to, left_in="").exists()
    assert came() == {to: known, OTHER[to]: set()}


@INTERRUPTED_AND_KILLED
@pytest.mark.parametrize("to", OTHER)
def test_a_move_that_ends_at_any_step_loses_nothing_and_is_ended_by_the_next(
    cuts, to, committed, came, acme
):
    def again():
        with bind_tenant(acme):
            for row in StoredObject.objects.all():
                remove_everywhere(row)
            StoredObject.objects.all().delete()
        keep(acme, OTHER[to], area="media")

    # What may lie at the new place, the bytes, the proof, the place, the old copy: each in several steps.
    for run in cuts.iterate_runs(steps=30, states=7):
        committed(again)
        run(lambda: moving(to), acme)
        assert len(committed(lambda: readable(acme))) == 1
        committed(lambda: move(acme, to))
        committed(lambda: moved(acme, to, came))


@INTERRUPTED
@pytest.mark.parametrize("to", OTHER)
def test_an_object_that_leaves_between_a_killed_move_and_the_sweep_leaves_no_copy(
    cuts, to, committed, came, acme
):
    def leave_and_sweep():
        with bind_tenant(acme):
            for row in StoredObject.objects.stored():
                row.condemn()
            sweep()
            assert not StoredObject.objects.exclude(state="gone").exists()

    for run in cuts.iterate_runs(steps=30, states=7):
        committed(lambda: keep(acme, OTHER[to]))
        run(lambda: moving(to), acme)
        committed(leave_and_sweep)
        assert came() == {"bucket": set(), "disk": set()}


@INTERRUPTED
def test_an_object_that_leaves_while_it_moves_leaves_no_copy(cuts, committed, came, acme):
    def meanwhile():
        with bind_tenant(acme):
            for row in StoredObject.objects.stored():
                row.condemn()
            sweep()

    for run in cuts.iterate_runs(steps=30, states=7):
        committed(lambda: keep(acme, "disk"))
        run(lambda: moving("bucket"), acme, lambda: committed(meanwhile))
        if not run.recorded.reached_cut_point:
            committed(meanwhile)
        committed(lambda: move(acme, "bucket"))
        assert came() == {"bucket": set(), "disk": set()}, run.cut_point


def test_a_second_run_for_the_same_tenant_waits_for_the_first(committed, came, acme, globex):
    for tenant in (acme, globex):
        committed(lambda tenant=tenant: keep(tenant, "disk"))
    seen = []

    def second():
        with bind_tenant(globex), lock_tenant():
            seen.append("globex")
        with bind_tenant(acme), lock_tenant():
            seen.append("acme")
        connection.close()

    def first():
        with bind_tenant(acme), lock_tenant():
            waiting = Thread(target=second)
            waiting.start()
            waiting.join(0.5)
            seen.append("first is done")
        waiting.join(10)

    committed(first)
    assert seen == ["globex", "first is done", "acme"]
