"""Whatever ends a file's way out of the public's reach, back, or to its own bytes: the next run goes on."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import pytest
from django.core.files.storage import storages
from django.db import transaction

from media_core.app_files.models import AppFile
from media_core.bucket.client import get_bucket_client
from media_core.upkeep.app_file_bytes import point_to_own_bytes
from media_core.upkeep.app_takedown import bring_file_back, bring_files_back, take_file_down
from tenants.binding import bind_tenant
from tests.media_core.app_files.conftest import agree, file_of, row_of, save
from tests.media_core.documents.conftest import seen_by_a_stranger
from tests.media_core.uploads.conftest import keys
from tests.media_core.uploads.faults import INTERRUPTED_OR_SLOWLY_KILLED

pytestmark = pytest.mark.django_db
OLD, NEW = b"old", b"new one"


class Flow(NamedTuple):
    """How to come to where it begins, what it does, what strangers may find when it ended anywhere, and at its end."""

    prepare: Callable[[str], object]
    work: Callable[[str], object]
    steps: int
    states: int
    ends: set[bytes | None]
    end: bytes | None


def quiet(_done: int, _of: int) -> None:
    """Nobody listens."""


def save_old(name: str) -> None:
    save("default", name, OLD)


def take_down(name: str) -> None:
    for file in AppFile.objects.filter(name=name, state="saved"):
        take_file_down(file.pk)


def hide(name: str) -> None:
    save_old(name)
    take_down(name)


def bring_back(name: str) -> None:
    bring_files_back(quiet)


def bring_back_one(name: str) -> None:
    bring_file_back(file_of(name).pk)


def replace(name: str) -> None:
    with transaction.atomic():
        storages["default"].delete(name)
        assert save("default", name, NEW) == name


def lose(name: str) -> None:
    """Leave a public file whose only bytes are what is kept of it under `private/`."""
    hide(name)
    bring_back_one(name)
    row = row_of(name)
    get_bucket_client().delete_object(Bucket="test-bucket", Key=row.key)


def find_bytes(name: str) -> None:
    point_to_own_bytes(row_of(name).pk)


def forget(name: str) -> None:
    """The same in a database that does not know of it: a restored one."""
    lose(name)
    type(row_of(name)).objects.filter(state="condemned").delete()


FLOWS = {
    "take down": Flow(save_old, take_down, 20, 7, {OLD, None}, None),
    "bring back": Flow(hide, bring_back, 20, 5, {OLD, None}, OLD),
    "replace": Flow(save_old, replace, 60, 12, {OLD, NEW, None}, NEW),
    "find lost bytes": Flow(lose, find_bytes, 15, 4, {None}, None),
    "find bytes after a restore": Flow(forget, find_bytes, 10, 2, {None}, None),
}
IN_EVERY_RUN = {"take down", "replace", "find lost bytes"}


@INTERRUPTED_OR_SLOWLY_KILLED
@pytest.mark.parametrize("flow", [
    # The others take the same steps in another order.
    pytest.param(flow, id=name, marks=[] if name in IN_EVERY_RUN else pytest.mark.slow)
    for name, flow in FLOWS.items()
])  # fmt: skip
def test_a_file_that_moves_is_there_once_wherever_it_ends(cuts, flow, committed, acme, globex):
    committed(partial(bound, globex, partial(save_old, "theirs")))
    before = keys(acme)
    for run in cuts.iterate_runs(steps=flow.steps, states=flow.states):
        name = f"{uuid.uuid4().hex}/x"
        committed(partial(bound, acme, partial(flow.prepare, name)))
        finished = run(partial(flow.work, name), acme)
        committed(partial(check, acme, before, flow, name, finished))
    assert committed(partial(bound, globex, partial(read, "theirs"))) == OLD


def bound(tenant, work):
    with bind_tenant(tenant):
        return work()


def read(name):
    with storages["default"].open(name) as file:
        return file.read()


def check(tenant, before, flow, name, finished):
    """The app has its file, the sweep leaves nothing half done, and the public finds what it may."""
    with bind_tenant(tenant):
        if flow.work is find_bytes and not finished:
            flow.work(name)
        body = read(name)
        assert body in {OLD, NEW}
        shown = seen_by_a_stranger(tenant.prefix.build_key(f"media/{name}"))
        assert shown in flow.ends
        assert shown == flow.end or not finished
    agree(tenant, before)
    with bind_tenant(tenant):
        assert read(name) == body
        if flow.work is replace:
            # One of both, and the public has the same.
            assert seen_by_a_stranger(tenant.prefix.build_key(f"media/{name}")) == body
