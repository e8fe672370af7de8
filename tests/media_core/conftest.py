"""Rows that both tenants hold under the same primary keys, and a way to work on committed data."""

import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pytest
from django.db import connection
from django.utils import timezone

from media_core.app_files.models import AppFile
from media_core.audit.models import AuditEvent
from media_core.bucket import client
from media_core.documents.folders import Folder, FolderReader
from media_core.documents.models import AccessEvent, Document, TrashEntry, Version
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import PENDING_LIFETIME, Content
from media_core.upkeep.recount import recount
from tenants.binding import bind_tenant
from tenants.jobs.models import JobState, Mail, Operation
from tenants.models import AuditEvent as AgencyAuditEvent
from tenants.models import Quota, Tenant
from tenants.people.models import Session
from tenants.people.visit_models import Visit

Result = TypeVar("Result")


def content(file_name: str = "x.pdf", size_bytes: int = 5) -> Content:
    """Return what an upload knows of its file before it is stored."""
    return Content(file_name, size_bytes, "application/pdf", "0" * 64)


def stored_row(state: str = "stored", **given: Any) -> StoredObject:
    """Return a row of the bound tenant's ledger, without any object in the bucket."""
    row_id = given.pop("id", None) or uuid.uuid4()
    facts = {
        "name": f"private/{row_id}/x.pdf",
        "area": "private",
        "kind": "public_copy" if given.get("area") == "media" else "original",
        "size_bytes": 5,
        "content_type": "application/pdf",
        "sha256": "0" * 64,
        "stored_at": timezone.now() if state in {"stored", "condemned"} else None,
        "purge_after": timezone.now() if state == "condemned" else None,
    }
    row: StoredObject = StoredObject.objects.create(id=row_id, state=state, **{**facts, **given})
    return row


def document_row(title: str = "a title", **given: Any) -> Document:
    """Return a document of the bound tenant, without any object in the bucket."""
    facts = {"name": "x.pdf", "created_by_id": uuid.uuid4(), "created_by_name": "Somebody"}
    stored = given.pop("original", None) or stored_row()
    document: Document = Document.objects.create(title=title, original=stored, **{**facts, **given})
    Version.objects.create(
        document=document, number=1, file_name=document.name, original=stored,
        created_by_id=document.created_by_id, created_by_name=document.created_by_name,
    )  # fmt: skip
    return document


def grow_old(*rows: StoredObject) -> None:
    """Let rows be older than any upload, and any removal, may take."""
    long_ago = timezone.now() - 2 * PENDING_LIFETIME
    StoredObject.objects.filter(pk__in=[row.pk for row in rows]).update(created_at=long_ago)
    end_removals()


def end_removals() -> None:
    """Let removals that were killed in the bound tenant have had their time."""
    StoredObject.objects.exclude(removal_until=None).update(removal_until=timezone.now())


@dataclass(frozen=True)
class Twins:
    """A document of acme's and one of globex's, with the same primary keys all through."""

    acmes: Document
    globexs: Document


@pytest.fixture
def twins(acme: Tenant, globex: Tenant) -> Twins:
    with bind_tenant(acme):
        acmes = document_row("acme's")
        event = AccessEvent.objects.create(document_id=acmes.id, document_name="acme's")
    with bind_tenant(globex):
        stored = stored_row(id=acmes.original_id)
        globexs = document_row("globex's", id=acmes.id, original=stored)
        AccessEvent.objects.create(id=event.id, document_id=acmes.id, document_name="globex's")
    return Twins(acmes, globexs)


@contextmanager
def misdirected(tenant: Tenant, to: Tenant) -> Iterator[None]:
    """Bind a tenant while the connection stands in another's schema, as behind a pooler that mixes them up."""
    with bind_tenant(tenant):
        with connection.cursor() as cursor:
            cursor.execute(f'SET search_path = "{to.schema_name}", public')
        yield


def books(tenant: Tenant) -> tuple[int, int]:
    """Return what a tenant's usage says is used and promised, once it is what the ledger's rows hold."""
    with bind_tenant(tenant, even_suspended=True):
        found = recount(mend=False)
    assert found.agrees, found
    return found.used_bytes, found.reserved_bytes


def set_quota(tenant: Tenant, quota_bytes: int | None) -> None:
    Quota.objects.filter(tenant=tenant).update(quota_bytes=quota_bytes)


def in_a_thread(work: Callable[[], Result]) -> Result:
    """Do the work in a thread, so on a connection of its own: outside of the test's transaction."""

    def work_and_close() -> Result:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work_and_close).result()


Commit = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def committed(acme: Tenant, globex: Tenant) -> Iterator[Commit]:
    """Run work whose rows are really committed; they are removed when the test is over."""
    yield in_a_thread
    in_a_thread(lambda: remove_everything(acme, globex))


@pytest.fixture
def cuts(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Any:
    """Return the CutPlan that a mark of tests/media_core/uploads/faults.py chose: loop over `cuts.iterate_runs()`."""
    return replace(request.param, record_property=record_property)


def remove_everything(*tenants: Tenant) -> None:
    for tenant in tenants:
        with bind_tenant(tenant):
            # Folders and what is in the trash refer to each other.
            Folder.objects.update(trash_entry=None, is_restricted=True)
            TrashEntry.objects.update(place=None)
            for model in (
                AppFile,
                Version,
                Document,
                TrashEntry,
                AccessEvent,
                AuditEvent,
                StoredObject,
                FolderReader,
            ):
                model.objects.all().delete()
            # The deepest first: a folder that holds others stays.
            for folder in sorted(Folder.objects.all(), key=lambda row: -len(row.path)):
                folder.delete()
        Quota.objects.filter(tenant=tenant).update(used_bytes=0, reserved_bytes=0, quota_bytes=None)
    Operation.objects.all().delete()
    for shared in (Session, Visit, Mail, JobState):
        shared.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM public.procrastinate_jobs")
    AgencyAuditEvent.objects.all().delete()


# --- How often a request is tried, and how long boto waits between two tries

# A client keeps the number of attempts it was made with.
_clients_by_attempts: dict[int, dict[Any, Any]] = defaultdict(dict)
# The first four numbers drawn after it are below 0.06.
SHORT_PAUSES_SEED = 95_689
Attempts = Callable[[int], None]


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> Attempts:
    """Return a function that sets how often a request is tried before it has failed."""

    def set_attempts(number: int) -> None:
        monkeypatch.setattr(client, "MAX_ATTEMPTS", number)
        monkeypatch.setattr(client, "_clients", _clients_by_attempts[number])

    return set_attempts


@pytest.fixture
def short_pauses() -> None:
    """Let the first pauses between two tries be short: boto draws them, up to one second, two and four."""
    random.seed(SHORT_PAUSES_SEED)
