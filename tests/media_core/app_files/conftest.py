"""Files of apps, saved by Django's words alone, and what then lies in the bucket."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from media_core.ledger.models import StoredObject
from media_core.upkeep.sweeping import sweep_room
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.media_core.conftest import books, grow_old
from tests.media_core.uploads.conftest import keys

ALIASES = ["default", "private"]
AREA_OF = {"default": "media", "private": "private"}


class Undone(Exception):
    """An app's own reason to roll back."""


@contextmanager
def undone() -> Iterator[None]:
    """Do the block in a transaction that the app rolls back in the end."""
    with suppress(Undone), transaction.atomic():
        yield
        raise Undone


@pytest.fixture
def folder() -> str:
    """Return where this test's files are: the bucket outlives it."""
    return uuid.uuid4().hex


@pytest.fixture(params=ALIASES)
def alias(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def save(alias: str, name: str, body: bytes = b"bytes") -> str:
    """Save a file as any app does."""
    return storages[alias].save(name, ContentFile(body))


def row_of(name: str, **known: Any) -> StoredObject:
    """Return the newest row of the bound tenant's that an app called so."""
    found = StoredObject.objects.filter(app_name=name, **known).order_by("-created_at").first()
    assert found is not None
    row: StoredObject = found
    return row


def states(name: str) -> list[tuple[str, str]]:
    """Return area and state of all rows of this name, by age."""
    rows = StoredObject.objects.filter(app_name=name).order_by("created_at")
    return list(rows.values_list("area", "state"))


def deleted_days_ago(days: float) -> None:
    """Let everything that is deleted have been so for that long."""
    then = timezone.now() - timedelta(days=days)
    StoredObject.objects.filter(state="deleted").update(deleted_at=then)


def agree(tenant: Tenant, before: set[str]) -> None:
    """Assert that after a sweep bucket, ledger and quota say the same, and nothing is unfinished."""
    books(tenant)
    with bind_tenant(tenant):
        grow_old(*StoredObject.objects.exclude(state="gone"))
        sweep_room()
        rows = StoredObject.objects.exclude(state="gone")
        assert {row.key for row in rows} == keys(tenant) - before
        assert set(rows.values_list("state", flat=True)) <= {"stored", "deleted"}
        assert not rows.filter(state="deleted", area="media").exists()
        assert not rows.filter(claimed_at=None).exists()
        kept = rows.aggregate(total=Sum("size_bytes"))["total"] or 0
    assert books(tenant) == (kept, 0)


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """Return what each work says, or how it failed; they begin together, each on a connection of its own."""
    start = Barrier(len(works))

    def one(work: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result() for done in [pool.submit(one, work) for work in works]]
