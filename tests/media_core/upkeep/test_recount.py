"""Counting usage again: exact, also beside uploads, and it mends only what is wrong."""

import threading

import pytest
from django.db import transaction

from media_core.ledger.models import StoredObject
from media_core.upkeep.recount import recount
from tenants.binding import bind_tenant
from tenants.errors import QuotaBroken
from tenants.models import Quota
from tests.media_core.conftest import books, content, in_a_thread
from tests.media_core.locks import wait_until_blocked
from tests.media_core.test_quotas import at_once

pytestmark = pytest.mark.django_db


def spoil(tenant, used_bytes=1000, reserved_bytes=77):
    Quota.objects.filter(tenant=tenant).update(
        used_bytes=used_bytes, reserved_bytes=reserved_bytes, quota_bytes=5000
    )


def usage_of(tenant):
    row = Quota.objects.get(tenant=tenant)
    return row.used_bytes, row.reserved_bytes


def test_what_is_wrong_is_mended_from_the_ledger_and_the_quota_stays(acme, globex, store):
    store(acme, b"x" * 6)
    with bind_tenant(acme):
        StoredObject.objects.reserve(content("x.pdf", 4))
    spoil(acme)
    spoil(globex)
    with bind_tenant(acme):
        found = recount()
    assert (found.used_bytes, found.reserved_bytes) == (1000, 77)
    assert (found.counted_used_bytes, found.counted_reserved_bytes) == (6, 4)
    assert usage_of(acme) == books(acme) == (6, 4)
    assert Quota.objects.get(tenant=acme).quota_bytes == 5000
    assert usage_of(globex) == (1000, 77)


def test_looking_only_mends_nothing(acme):
    spoil(acme)
    with bind_tenant(acme):
        assert not recount(mend=False).agrees
    assert usage_of(acme) == (1000, 77)


def test_what_is_right_is_left_alone(acme, store):
    store(acme, b"x" * 6)
    with bind_tenant(acme):
        assert recount().agrees
    assert usage_of(acme) == (6, 0)


def test_a_tenant_without_a_quota_is_refused(acme):
    Quota.objects.filter(tenant=acme).delete()
    with bind_tenant(acme), pytest.raises(QuotaBroken, match="--quota SIZE"):
        recount()


def test_a_recount_waits_for_an_upload_that_is_under_way_and_counts_it(committed, acme):
    """The upload has changed both, ledger and usage, and has not committed yet."""
    began, may_end = threading.Event(), threading.Event()

    def upload():
        with bind_tenant(acme), transaction.atomic():
            StoredObject.objects.reserve(content("x.pdf", 5))
            began.set()
            may_end.wait(120)

    def count():
        began.wait(120)
        with bind_tenant(acme):
            return recount()

    def end_upload():
        wait_until_blocked()
        may_end.set()

    committed(lambda: spoil(acme))
    _, found, _ = at_once(upload, count, end_upload)
    assert found.counted_reserved_bytes == 5
    assert committed(lambda: books(acme)) == (0, 5)


def test_recounts_beside_uploads_never_make_it_wrong(committed, acme):
    def upload():
        for _ in range(8):
            with bind_tenant(acme):
                with transaction.atomic():
                    row = StoredObject.objects.reserve(content("x.pdf", 5))
                with transaction.atomic():
                    row.mark_stored("etag")

    def count():
        with bind_tenant(acme):
            return [recount().agrees for _ in range(15)]

    *_, one, other = at_once(*[upload] * 4, count, count)
    assert all(one)
    assert all(other)
    assert in_a_thread(lambda: books(acme)) == (160, 0)
