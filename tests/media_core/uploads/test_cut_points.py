"""Which steps of a flow differ in kind, and that no cut point is passed over in silence."""

import os
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import transaction

from media_core.ledger.models import StoredObject
from tenants.models import Tenant
from tests.conftest import member
from tests.media_core.conftest import content
from tests.media_core.uploads.faults import CutPlan, Flow, Run, StepRecorder, upload_by

pytestmark = pytest.mark.django_db
INTERRUPTED = CutPlan(is_killed=False, at_every_step=False)


@pytest.fixture
def steps_of(acme) -> Callable[..., StepRecorder]:
    """Return what one run of a flow records."""

    def record(flow) -> StepRecorder:
        run = Run(is_killed=False)
        assert run(flow, acme)
        return run.recorded

    return record


def test_an_upload_is_killed_once_in_each_state_that_it_leaves(steps_of, committed, acme, people):
    recorded = steps_of(upload_by(member(people["ed"], acme)))
    assert list(recorded.choose_cut_points(is_killed=True)) == [
        ("before SET", 1),
        # Rolled back.
        ("after INSERT media_core_storedobject", 1),
        # After the COMMIT.
        ("before SELECT bucket_bucketcapabilities", 1),
        ("after-call PutObject", 1),
        ("after UPDATE media_core_storedobject", 1),
    ]


def test_it_is_interrupted_also_before_each_change(steps_of, committed, acme, people):
    recorded = steps_of(upload_by(member(people["ed"], acme)))
    more = set(recorded.choose_cut_points(is_killed=False))
    assert more > set(recorded.choose_cut_points(is_killed=True))
    assert {
        ("before INSERT media_core_storedobject", 1),
        ("before-send PutObject", 1),
        ("before UPDATE media_core_storedobject", 1),
        ("after INSERT media_core_version", 1),
    } <= more


def read() -> None:
    StoredObject.objects.count()


def change() -> None:
    StoredObject.objects.create_pending(content(), area="private")


def change_together() -> None:
    with transaction.atomic():
        change()
        read()
        change()
    read()


@pytest.mark.parametrize(
    ("flow", "kinds"),
    [
        (read, 1),
        # Before and after it.
        (change, 2),
        # Before it, inside, and after the COMMIT.
        (change_together, 3),
    ],
)
def test_steps_without_a_change_between_them_are_of_one_kind(flow, kinds, steps_of, committed):
    recorded = steps_of(flow)
    assert len(list(recorded.choose_cut_points(is_killed=True))) == kinds
    assert len(set(recorded.states)) == kinds


def test_what_is_made_on_disk_is_a_change_and_what_is_read_is_none(steps_of, tmp_path):
    def make() -> None:
        os.close(os.open(tmp_path, os.O_RDONLY))
        os.mkdir(tmp_path / "a")  # noqa: PTH102 - as the storage on disk does it
        os.close(os.open(tmp_path / "a" / "b", os.O_CREAT | os.O_WRONLY))
        os.close(os.open(tmp_path / "a" / "b", os.O_RDONLY))

    assert steps_of(make).states == [(0, 0), (0, 0), (1, 0), (2, 0)]


def run_one_after_the_other(flows: list[Flow], tenant: Tenant, *, states: int) -> None:
    left = iter(flows)
    for run in INTERRUPTED.iterate_runs(steps=1, states=states):
        run(next(left), tenant)


def test_a_cut_point_that_does_not_come_again_fails(acme, committed):
    with pytest.raises(AssertionError, match=r"did not come to .* again"):
        run_one_after_the_other([change, read, read, read, read], acme, states=2)


def test_a_flow_with_fewer_states_than_known_fails(acme, committed):
    with pytest.raises(AssertionError, match="leaves 1 states"):
        run_one_after_the_other([read], acme, states=2)


def test_a_flow_that_goes_on_after_an_interrupt_fails(acme, committed):
    def swallow() -> None:
        with suppress(KeyboardInterrupt):
            change()

    with pytest.raises(AssertionError, match="swallowed its end"):
        Run(is_killed=False, cut_point=1)(swallow, acme)


def test_a_flow_that_fails_in_its_own_process_did_not_live(acme, committed, capfd):
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(AssertionError, match="The flow failed"):
        Run(is_killed=True, cut_point=100)(fail, acme)
    assert "ZeroDivisionError" in capfd.readouterr().err
