"""Whatever ends a save, a deletion or a sweep, and wherever: after a sweep ledger, quota and bucket agree."""

import uuid
from functools import partial

import pytest
from django.core.files.storage import storages
from django.db import transaction

from media_core.upkeep.sweeping import sweep_room
from tenants.binding import bind_tenant
from tests.media_core.app_files.conftest import (
    agree,
    deleted_days_ago,
    file_of,
    grow_all_old,
    row_of,
    save,
    states,
)
from tests.media_core.uploads.conftest import keys
from tests.media_core.uploads.faults import INTERRUPTED, INTERRUPTED_OR_SLOWLY_KILLED

pytestmark = pytest.mark.django_db

# Each flow, by itself or in an app's transaction. What repeats the same steps in another way is slow.
WAYS = pytest.mark.parametrize(
    ("alias", "within"),
    [
        ("default", False),
        ("private", True),
        pytest.param("default", True, marks=pytest.mark.slow),
        pytest.param("private", False, marks=pytest.mark.slow),
    ],
)


def in_a_transaction(work, within):
    if not within:
        work()
        return
    with transaction.atomic():
        work()


@INTERRUPTED_OR_SLOWLY_KILLED
@WAYS
def test_a_save_that_ends_at_any_step_leaves_nothing_that_is_not_known(
    cuts, alias, within, committed, acme
):
    before = keys(acme)
    for run in cuts.iterate_runs(steps=12, states=5):
        name = f"{uuid.uuid4().hex}/x"
        finished = run(partial(in_a_transaction, partial(save, alias, name), within), acme)
        committed(partial(all_or_nothing, acme, before, alias, name, finished))


def all_or_nothing(tenant, before, alias, name, finished):
    """The file is there and can be read, or nothing of it is there."""
    with bind_tenant(tenant):
        there = storages[alias].exists(name)
    agree(tenant, before)
    with bind_tenant(tenant):
        assert storages[alias].exists(name) == there
        assert there or not finished
        if there:
            with storages[alias].open(name) as file:
                assert file.read() == b"bytes"
        else:
            assert states(name) == []


@INTERRUPTED_OR_SLOWLY_KILLED
@WAYS
def test_a_deletion_that_ends_at_any_step_loses_no_byte(cuts, alias, within, committed, acme):
    before = keys(acme)
    steps, kinds = (25, 9) if alias == "default" else (4, 2)
    for run in cuts.iterate_runs(steps=steps, states=kinds):
        name = f"{uuid.uuid4().hex}/x"
        committed(partial(saved, acme, alias, name))
        deletion = partial(storages[alias].delete, name)
        finished = run(partial(in_a_transaction, deletion, within), acme)
        committed(partial(there_or_kept, acme, before, alias, name, finished))


def saved(tenant, alias, name):
    with bind_tenant(tenant):
        save(alias, name)


def there_or_kept(tenant, before, alias, name, finished):
    """The file is there, or deleted with its bytes kept once; never both, and never neither."""
    with bind_tenant(tenant):
        there = storages[alias].exists(name)
    agree(tenant, before)
    with bind_tenant(tenant):
        assert storages[alias].exists(name) == there
        assert not (there and finished)
        assert [state for _, state in states(name)] == (["saved"] if there else ["deleted"])
        assert row_of(name).state == ("stored" if there else "condemned")


LEFT = [
    ("unclaimed", "default"),
    ("over", "private"),
    pytest.param("unburied", "default", marks=pytest.mark.slow),
    pytest.param("unclaimed", "private", marks=pytest.mark.slow),
    pytest.param("over", "default", marks=pytest.mark.slow),
]


@INTERRUPTED
@pytest.mark.parametrize(("left", "alias"), LEFT)
def test_a_sweep_that_ends_at_any_step_is_ended_by_the_next(cuts, left, alias, committed, acme):
    before = keys(acme)
    for run in cuts.iterate_runs(steps=10, states=4):
        committed(lambda: leave(acme, alias, left))
        run(sweep_room, acme)
        committed(lambda: agree(acme, before))


def leave(tenant, alias, left):
    """Leave what a sweep has to do with."""
    name = f"{uuid.uuid4().hex}/x"
    with bind_tenant(tenant), transaction.atomic():
        save(alias, name)
        transaction.set_rollback(left == "unclaimed")
    with bind_tenant(tenant):
        if left == "unclaimed":
            grow_all_old()
        elif left == "over":
            storages[alias].delete(name)
            sweep_room()
            deleted_days_ago(36)
        else:
            # As a worker leaves it that is killed right after the commit.
            assert file_of(name).mark_deleted()
