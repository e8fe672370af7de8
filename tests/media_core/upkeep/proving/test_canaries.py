"""Canaries: removed whatever happens, known to the sweep when a run is killed, and never seen by anybody."""

from collections.abc import Callable, Iterator

import pytest

from media_core.documents.models import Document
from media_core.ledger.models import StoredObject
from media_core.upkeep.proving.canaries import place_canaries
from media_core.uploads.flow import sweep
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.media_core.conftest import Commit, books, grow_old
from tests.media_core.uploads.conftest import keys
from tests.media_core.uploads.faults import INTERRUPTED_OR_SLOWLY_KILLED, CutPlan

pytestmark = pytest.mark.django_db


@pytest.fixture
def lent(acme: Tenant, globex: Tenant) -> Iterator[dict[Tenant, list[StoredObject]]]:
    """Look at the ledger of two tenants while their canaries are there."""
    with place_canaries([acme, globex]):
        yield {tenant: rows_of(tenant) for tenant in (acme, globex)}


def rows_of(tenant: Tenant) -> list[StoredObject]:
    with bind_tenant(tenant):
        return list(StoredObject.objects.filter(name__endswith="canary.bin"))


def test_each_lies_under_a_row_that_the_sweep_would_find(lent, acme, globex) -> None:
    for tenant, rows in lent.items():
        assert {row.state for row in rows} == {"pending"}
        assert {f"{tenant.prefix}{row.name}" for row in rows} <= keys(tenant)
        assert len(rows) == 5


def test_they_hold_no_quota_and_stand_in_no_list(lent, acme) -> None:
    assert {row.charged_bytes for row in lent[acme]} == {0}
    with bind_tenant(acme):
        assert not Document.objects.exists()
        assert not StoredObject.objects.stored().exists()


def fail_among_canaries(tenant: Tenant, before: set[str]) -> None:
    with place_canaries([tenant]):
        assert keys(tenant) > before
        raise ZeroDivisionError


def test_a_failure_in_between_leaves_nothing(acme: Tenant) -> None:
    before = keys(acme)
    with pytest.raises(ZeroDivisionError):
        fail_among_canaries(acme, before)
    assert (keys(acme), rows_of(acme)) == (before, [])


def lend_canaries(tenant: Tenant) -> Callable[[], None]:
    """Return a flow that puts canaries into a room and takes them back."""

    def lend() -> None:
        with place_canaries([tenant]):
            pass

    return lend


def left_after_a_sweep(tenant: Tenant) -> list[str]:
    """Return what is open in the ledger once the sweep's time has come."""
    with bind_tenant(tenant):
        grow_old(*StoredObject.objects.all())
        sweep()
        still_open = StoredObject.objects.exclude(state="gone")
        return [row.name for row in still_open]


@INTERRUPTED_OR_SLOWLY_KILLED
def test_ended_at_any_step_it_leaves_what_the_sweep_removes(
    committed: Commit, acme: Tenant, cuts: CutPlan
) -> None:
    before = keys(acme)
    for run in cuts.iterate_runs(steps=40, states=14):
        run(lend_canaries(acme), acme)
        assert committed(lambda: left_after_a_sweep(acme)) == []
        assert keys(acme) == before
        assert committed(lambda: books(acme)) == (0, 0)
