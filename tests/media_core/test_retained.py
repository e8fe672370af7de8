"""What was removed is kept for a while and charged to nobody; beyond the quota, nothing more comes in."""

from datetime import datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone

from media_core.documents.permissions import require_editor
from media_core.errors import RemovedFilesExceedQuota
from media_core.ledger.models import StoredObject
from media_core.uploads.flow import replace_file
from tenants.binding import bind_tenant
from tenants.errors import QuotaExceeded
from tenants.tenant_limits import change_limits
from tests.conftest import member
from tests.media_core.conftest import content, set_quota, stored_row

pytestmark = pytest.mark.django_db
QUOTA = 100


def make_retained_row(size_bytes: int, *, until: datetime | None = None, **given) -> StoredObject:
    """Return a row of an object that was removed and is kept for two days, unless another time is given."""
    purge_after = until or timezone.now() + timedelta(days=2)
    return stored_row("condemned", size_bytes=size_bytes, purge_after=purge_after, **given)


def takes_more() -> bool:
    """Return whether another upload of 5 bytes begins."""
    try:
        StoredObject.objects.reserve(content())
    except RemovedFilesExceedQuota:
        return False
    return True


@pytest.fixture
def small(acme, globex):
    """Give both a small quota, and bind acme."""
    for tenant in (acme, globex):
        set_quota(tenant, QUOTA)
    with bind_tenant(acme):
        yield acme


@pytest.mark.parametrize(
    ("sizes", "is_taken"), [([], True), ([60, 40], True), ([60, 41], False), ([101], False)]
)
def test_uploads_stop_when_it_is_more_than_the_quota(sizes, is_taken, small):
    for size_bytes in sizes:
        make_retained_row(size_bytes)
    assert takes_more() == is_taken


def test_another_tenant_goes_on(small, globex):
    make_retained_row(101)
    with bind_tenant(globex):
        assert takes_more()


def test_without_a_quota_nothing_stops(small):
    set_quota(small, None)
    make_retained_row(10**9)
    assert takes_more()


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"area": "media", "name": "media/1/x.pdf"}, id="a public copy"),
        pytest.param({"until": timezone.now() - timedelta(days=1)}, id="what is due"),
    ],
)
def test_what_only_waits_for_the_bucket_does_not_stop_them(given, small):
    make_retained_row(10**9, **given)
    assert takes_more()


@pytest.mark.parametrize("state", ["stored", "gone"])
def test_nor_does_what_was_not_removed_or_is_gone(state, small):
    stored_row(state, size_bytes=10**9, gone_at=timezone.now() if state == "gone" else None)
    assert takes_more()


def test_the_refusal_says_when_the_oldest_of_it_goes(small):
    soon = timezone.now() + timedelta(days=1)
    make_retained_row(60)
    make_retained_row(60, until=soon)
    with pytest.raises(RemovedFilesExceedQuota, match=f"{soon:%Y-%m-%d %H:%M} UTC"):
        StoredObject.objects.reserve(content())


def test_a_full_quota_is_refused_as_such(small):
    make_retained_row(QUOTA)
    with pytest.raises(QuotaExceeded) as refused:
        StoredObject.objects.reserve(content(size_bytes=QUOTA + 1))
    assert refused.type is QuotaExceeded


def test_an_upload_costs_no_more_statements_for_it(small, django_assert_num_queries):
    make_retained_row(60)
    with django_assert_num_queries(2):
        StoredObject.objects.reserve(content())


@pytest.mark.parametrize("alias", ["default", "private"])
def test_files_of_apps_stop_too(alias, small):
    make_retained_row(101)
    with pytest.raises(RemovedFilesExceedQuota):
        storages[alias].save("x.txt", ContentFile(b"12345"))


@pytest.mark.bucket
def test_who_replaces_for_ever_fills_no_bucket(acme, globex, people, store, monkeypatch):
    change_limits(acme, quota_bytes=QUOTA)
    monkeypatch.setattr(acme, "versions_kept", 1)
    ed = require_editor(member(people["ed"], acme))
    document = store(acme, b"x" * 40)

    def replace(number: int) -> None:
        replace_file(document.pk, uploader=ed, file=ContentFile(b"%d" % number * 40, "x.bin"))

    with bind_tenant(acme):
        for number in range(3):
            replace(number)
        with pytest.raises(RemovedFilesExceedQuota):
            replace(3)
        there = StoredObject.objects.filter(state__in=["stored", "condemned"])
        assert sum(row.size_bytes for row in there) == 4 * 40
