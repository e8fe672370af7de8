"""Files of apps, saved by Django's words alone, and what then lies in the bucket."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from media_core.app_files.models import AppFile
from media_core.bucket.client import get_bucket_client
from media_core.errors import BucketUnavailable
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import PENDING_LIFETIME
from media_core.upkeep.sweeping import sweep_room
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.media_core.conftest import books, end_removals
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


def file_of(name: str, **known: Any) -> AppFile:
    """Return the newest file of the bound tenant's that an app called so."""
    files = AppFile.objects.select_related("stored_object").filter(name=name, **known)
    found: AppFile = files.order_by("-created_at")[0]
    return found


def row_of(name: str, **known: Any) -> StoredObject:
    """Return the object of the newest file of the bound tenant's that an app called so."""
    return file_of(name, **known).stored_object


def states(name: str) -> list[tuple[str, str]]:
    """Return the area of the object, and the state, of all files of this name, by age."""
    files = AppFile.objects.filter(name=name).order_by("created_at")
    return list(files.values_list("stored_object__area", "state"))


def deleted_days_ago(days: float) -> None:
    """Let everything that is deleted have been so for that long."""
    kept_for = timedelta(days=settings.RETENTION_DAYS - days)
    deleted = StoredObject.objects.filter(app_file__state="deleted", state="condemned")
    deleted.update(purge_after=timezone.now() + kept_for)


def grow_all_old() -> None:
    """Let all that is unfinished be older than any save may take."""
    long_ago = timezone.now() - 2 * PENDING_LIFETIME
    StoredObject.objects.exclude(state="gone").update(created_at=long_ago)
    AppFile.objects.update(created_at=long_ago)
    end_removals()


def agree(tenant: Tenant, before: set[str]) -> None:
    """Assert that after a sweep bucket, ledger and quota say the same, and nothing is unfinished."""
    books(tenant)
    with bind_tenant(tenant):
        grow_all_old()
        sweep_room()
        rows = StoredObject.objects.exclude(state="gone")
        assert {row.key for row in rows} == keys(tenant) - before
        stored = rows.filter(state="stored")
        assert set(AppFile.objects.live("media").values_list("stored_object", flat=True)) | set(
            AppFile.objects.live("private").values_list("stored_object", flat=True)
        ) == set(stored.values_list("pk", flat=True))
        kept = rows.exclude(state="stored")
        assert set(kept.values_list("state", "area")) <= {("condemned", "private")}
        assert not kept.filter(purge_after__lte=timezone.now()).exists()
        assert not AppFile.objects.filter(state="saving").exists()
        live_public = AppFile.objects.live("media").exclude(state="taken_down")
        assert not live_public.exclude(stored_object__area="media").exists()
        size_bytes = stored.aggregate(total=Sum("size_bytes"))["total"] or 0
    assert books(tenant) == (size_bytes, 0)


def failing_at(operations: list[str]) -> Callable[[], None]:
    """Let the bucket fail at these operations, until what is returned is called."""

    def fail(**_given: Any) -> None:
        raise BucketUnavailable

    events = get_bucket_client().meta.events
    for operation in operations:
        events.register(f"before-call.s3.{operation}", fail)

    def mend() -> None:
        for one in operations:
            events.unregister(f"before-call.s3.{one}", fail)

    return mend


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
