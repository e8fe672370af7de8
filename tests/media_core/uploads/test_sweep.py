"""The sweep removes what failed and killed uploads left, and nothing else, also while uploads come to their end."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from media_core.errors import UploadLost
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import PENDING_LIFETIME
from media_core.storages.tenant_storage import get_tenant_storage
from media_core.uploads.flow import sweep, sweep_object
from tenants.binding import bind_tenant
from tests.media_core.conftest import books, content, grow_old
from tests.media_core.uploads.conftest import keys
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db


def test_the_sweep_removes_what_was_left(left_over, acme, new_keys):
    row = left_over()
    with bind_tenant(acme):
        assert [swept.pk for swept in sweep()] == [row.pk]
        row.refresh_from_db()
    assert (row.state, new_keys()) == ("gone", set())
    assert row.gone_at


def test_the_sweep_removes_nothing_of_another_tenant(left_over, acme, globex):
    row = left_over(globex)
    with bind_tenant(acme):
        assert sweep() == []
    with bind_tenant(globex):
        assert row.key in keys(globex)


def test_a_second_sweep_finds_nothing_to_do(left_over, acme):
    left_over()
    with bind_tenant(acme):
        assert len(sweep()) == 1
        with bucket_requests() as sent:
            assert sweep() == []
    assert sent == []


def test_a_dry_run_removes_nothing(left_over, acme, new_keys):
    row = left_over()
    with bind_tenant(acme), bucket_requests() as sent:
        assert [found.pk for found in sweep(dry_run=True)] == [row.pk]
        row.refresh_from_db()
    assert (row.state, [request.method for request in sent]) == ("pending", ["HEAD"])
    assert len(new_keys()) == 1


def test_a_young_upload_is_spared(left_over, acme, new_keys):
    row = left_over(old=False)
    with bind_tenant(acme):
        almost = timezone.now() - PENDING_LIFETIME + timedelta(minutes=1)
        StoredObject.objects.filter(pk=row.pk).update(created_at=almost)
        assert sweep() == []
    assert len(new_keys()) == 1


def test_what_is_stored_is_never_swept(upload, acme, new_keys):
    document = upload()
    with bind_tenant(acme):
        grow_old(document.original)
        assert sweep() == []
        assert sweep_object(StoredObject.objects.get()) is False
    assert len(new_keys()) == 1


def test_what_became_stored_since_it_was_listed_is_kept(left_over, acme, new_keys):
    left_over()
    with bind_tenant(acme):
        (listed,) = StoredObject.objects.removable(timezone.now())
        StoredObject.objects.get().mark_stored("etag")
        with bucket_requests() as sent:
            assert sweep_object(listed) is False
    assert (sent, len(new_keys())) == ([], 1)


def test_what_another_sweep_took_is_not_counted_twice(left_over, acme):
    left_over()
    with bind_tenant(acme):
        (listed,) = StoredObject.objects.removable(timezone.now())
        sweep()
        assert sweep_object(listed) is False


def test_bytes_that_come_after_the_upload_failed_are_swept_all_the_same(left_over, acme, new_keys):
    """A PUT that timed out here can come to its end in the bucket minutes later."""
    with bind_tenant(acme):
        row = StoredObject.objects.reserve(content("x.pdf", 5))
        row.abandon_or_reopen()
        assert sweep() == []
        assert books(acme) == (0, 0)
        get_tenant_storage(StoredObject.Area.PRIVATE).put(
            row, ContentFile(b"bytes"), file_name="x.pdf"
        )
        grow_old(row)
        assert len(sweep()) == 1
    assert new_keys() == set()


def all_at_once(tenant, *works):
    """Return what each work says; they begin together, each on a connection of its own."""
    start = threading.Barrier(len(works))

    def one(work):
        with bind_tenant(tenant):
            start.wait()
            said = work()
        connection.close()
        return said

    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result() for done in [pool.submit(one, work) for work in works]]


def lost_of(rows):
    """Finish these uploads; return those whose row was swept meanwhile."""
    lost = []
    for row in rows:
        try:
            row.mark_stored("etag")
        except UploadLost:
            lost.append(row)
    return lost


def test_sweeps_and_finishing_uploads_at_once_leave_no_row_without_bytes(
    committed, left_over, acme
):
    before = keys(acme)
    rows = committed(lambda: [left_over() for _ in range(24)])
    lost, *sweeps = all_at_once(acme, lambda: lost_of(rows), sweep, sweep)

    def check():
        with bind_tenant(acme):
            stored = {row.key for row in StoredObject.objects.stored()}
        assert keys(acme) - before == stored
        assert len(stored) + len(lost) == 24
        assert sorted(row.pk for swept in sweeps for row in swept) == sorted(row.pk for row in lost)

    committed(check)
