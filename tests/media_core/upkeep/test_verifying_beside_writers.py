"""A writer at work causes no false report: verify runs again and again beside everything that changes a ledger."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from media_core.documents.models import Document, TrashEntry
from media_core.documents.permissions import Editor, require_editor
from media_core.documents.publishing import publish, unpublish
from media_core.documents.purging import purge_entry
from media_core.documents.trash import restore_entry, trash_document
from media_core.documents.versions import restore_version
from media_core.errors import PublishingRefused
from media_core.upkeep.sweeping import sweep_room
from media_core.upkeep.verifying import Finding, verify_ledger
from media_core.uploads.flow import replace_file, store_upload
from tenants.binding import bind_tenant
from tenants.errors import NotFound
from tenants.models import Tenant
from tests.conftest import member

pytestmark = [pytest.mark.django_db, pytest.mark.bucket, pytest.mark.slow(seconds=15)]
ROUNDS, DOCUMENTS = 25, 12
ACTIONS = (
    "upload",
    "replace",
    "again",
    "publish",
    "unpublish",
    "trash",
    "restore",
    "purge",
    "sweep",
)


@dataclass
class Writer:
    """Changes a tenant's documents in every way, one after the other, until it is told to end."""

    tenant: Tenant
    editor: Editor
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)

    def write_until(self, ended: Event) -> Counter[str]:
        try:
            with bind_tenant(self.tenant):
                while not ended.is_set():
                    self.write(self.chance.choice(ACTIONS))
        finally:
            connection.close()
        return self.done

    def write(self, action: str) -> None:
        # Another writer was faster, or there is nothing of it.
        with suppress(NotFound, PublishingRefused):
            getattr(self, action)()
            self.done[action] += 1

    def upload(self) -> None:
        if Document.objects.count() < DOCUMENTS:
            store_upload(uploader=self.editor, file=self.make_file())

    def replace(self) -> None:
        replace_file(self.pick(), uploader=self.editor, file=self.make_file())

    def again(self) -> None:
        restore_version(self.pick(), 1, editor=self.editor)

    def publish(self) -> None:
        publish(self.pick(), editor=self.editor)

    def unpublish(self) -> None:
        unpublish(self.pick(), editor=self.editor)

    def trash(self) -> None:
        trash_document(self.pick(), editor=self.editor)

    def restore(self) -> None:
        restore_entry(self.pick_entry().pk, editor=self.editor)

    def purge(self) -> None:
        purge_entry(self.pick_entry())

    def sweep(self) -> None:
        sweep_room()

    def make_file(self) -> "ContentFile[bytes]":
        return ContentFile(self.chance.randbytes(50).hex().encode(), name="x.txt")

    def pick(self) -> Any:
        return self._choose(Document.objects.filter(trash_entry=None)).pk

    def pick_entry(self) -> Any:
        return self._choose(TrashEntry.objects.all())

    def _choose(self, rows: Any) -> Any:
        found = list(rows)
        if not found:
            raise NotFound
        return self.chance.choice(found)


def find_problems(tenant: Tenant) -> set[Finding]:
    try:
        with bind_tenant(tenant):
            return set(verify_ledger(sample=5))
    finally:
        connection.close()


def test_nothing_is_reported_that_a_writer_does_meanwhile(committed, acme, globex, people):
    writers = [
        Writer(tenant, require_editor(member(people[name], tenant)), random.Random(name))  # noqa: S311 - which document
        for tenant, name in ((acme, "ada"), (acme, "ed"), (globex, "eve"))
    ]
    # Objects of earlier tests, whose rows were rolled back.
    before = {tenant: committed(lambda it=tenant: find_problems(it)) for tenant in (acme, globex)}
    ended = Event()
    with ThreadPoolExecutor(len(writers)) as pool:
        writing = [pool.submit(writer.write_until, ended) for writer in writers]
        try:
            found = [
                (tenant.name, finding)
                for _ in range(ROUNDS)
                for tenant, known in before.items()
                for finding in committed(lambda it=tenant: find_problems(it)) - known
            ]
        finally:
            ended.set()
    done = sum((each.result() for each in writing), Counter())
    assert found == []
    assert set(done) == set(ACTIONS), done
    assert sum(done.values()) > ROUNDS
