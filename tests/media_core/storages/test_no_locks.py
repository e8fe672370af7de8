"""While the bucket is asked, nobody of ours holds a row: no transaction of the flow is open."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection, transaction
from django.utils import timezone

from media_core.bucket.client import get_anonymous_client, get_bucket_client
from media_core.documents.permissions import Editor
from media_core.documents.publishing import publish, unpublish
from media_core.documents.trash import trash_document
from media_core.ledger.models import StoredObject
from media_core.upkeep.sweeping import sweep_room
from media_core.uploads.flow import replace_file, store_upload
from tenants.binding import bind_tenant
from tests.media_core.documents.conftest import ed
from tests.operations import move_all, take_all_down
from tests.tenants.conftest import connected

__all__ = ["ed"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("globex")]


@pytest.fixture(autouse=True)
def _own_disk(settings: Any, tmp_path: Path) -> None:
    settings.DISK_MEDIA_ROOT = str(tmp_path)


OPEN_TRANSACTIONS = """
SELECT query FROM pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%%' AND pid <> %s
"""


@contextmanager
def watch_requests(pid_of_the_test: int) -> Iterator[list[list[Any]]]:
    """Note at each request what transactions are open, but for that of the test."""
    seen: list[list[Any]] = []
    watcher = connected()
    watcher.autocommit = True

    def look(**_given: Any) -> None:
        seen.append(watcher.execute(OPEN_TRANSACTIONS, [pid_of_the_test]).fetchall())

    clients = (get_bucket_client(), get_anonymous_client())
    for client in clients:
        client.meta.events.register("before-send.s3", look)
    try:
        yield seen
    finally:
        for client in clients:
            client.meta.events.unregister("before-send.s3", look)
        watcher.close()


def file(content: bytes = b"bytes") -> "ContentFile[bytes]":
    return ContentFile(content, name="x.txt")


def save(_editor: Editor) -> None:
    for alias in ("default", "private"):
        storages[alias].save("locks/x.txt", file())


def upload(editor: Editor) -> Any:
    return store_upload(uploader=editor, file=file())


def publish_new(editor: Editor) -> Any:
    return publish(upload(editor).pk, editor=editor)


def unpublish_new(editor: Editor) -> None:
    unpublish(publish_new(editor).pk, editor=editor)


def replace_public(editor: Editor) -> None:
    replace_file(publish_new(editor).pk, uploader=editor, file=file(b"others"))


def trash_public(editor: Editor) -> None:
    trash_document(publish_new(editor).pk, editor=editor)


def delete(_editor: Editor) -> None:
    for alias in ("default", "private"):
        storages[alias].delete(storages[alias].save("locks/x.txt", file()))


def sweep(_editor: Editor) -> None:
    for alias in ("default", "private"):
        storages[alias].save("locks/x.txt", file())
    StoredObject.objects.update(state="condemned", purge_after=timezone.now(), charged_bytes=0)
    assert len(sweep_room()) == 2


def take_down(editor: Editor) -> None:
    publish_new(editor)
    storages["default"].save("locks/x.txt", file())
    assert take_all_down().done == 2


def move(editor: Editor) -> None:
    upload(editor)
    storages["default"].save("locks/x.txt", file())
    assert move_all("disk").done == 2
    assert move_all("bucket").done == 2


FLOWS: list[Callable[[Editor], Any]] = [
    save, publish_new, unpublish_new, replace_public, trash_public, delete, sweep, take_down,
    move,
]  # fmt: skip


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_no_transaction_is_open_while_the_bucket_is_asked(flow, committed, acme, ed):
    pid = connection.connection.info.backend_pid

    def each():
        with bind_tenant(acme), watch_requests(pid) as seen:
            flow(ed)
        return seen

    seen = committed(each)
    assert seen
    assert [queries for queries in seen if queries] == []


def test_the_watch_sees_an_open_transaction(committed, acme):
    pid = connection.connection.info.backend_pid

    def each():
        with bind_tenant(acme), watch_requests(pid) as seen, transaction.atomic():
            storages["private"].save("locks/x.txt", file())
        return seen

    # The caller's own, and none of ours beside it.
    assert [len(queries) for queries in committed(each)] == [1]
