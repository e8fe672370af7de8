"""A quota holds under races, adds up at every step, and fails closed; what is over it is kept."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction

from media_core.documents.models import Document
from media_core.documents.permissions import require_editor
from media_core.errors import UploadLost
from media_core.ledger.models import StoredObject
from media_core.storages.object_copies import remove_object
from media_core.uploads.flow import list_abandoned, store_upload, sweep
from tenants import quotas
from tenants.binding import bind_tenant
from tenants.errors import QuotaBroken, QuotaExceeded
from tenants.models import Quota
from tests.conftest import member
from tests.media_core.conftest import books, content, grow_old, set_quota
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db

WRITERS = 20


def at_once(*works):
    """Return what each work says, or why it was refused; they begin together, each on a connection of its own."""
    start = threading.Barrier(len(works))

    def one(work):
        start.wait()
        try:
            return work()
        except (QuotaExceeded, UploadLost) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result() for done in [pool.submit(one, work) for work in works]]


def quota_row(tenant):
    return Quota.objects.get(tenant=tenant)


# --- races


@pytest.mark.parametrize(
    ("size_bytes", "room", "winners"), [(10, 70, 7), (10, 79, 7), (10, 9, 0), (10, 1000, 20)]
)
def test_of_20_writers_for_the_last_bytes_exactly_those_win_that_fit(
    size_bytes, room, winners, committed, acme
):
    committed(lambda: set_quota(acme, room))

    def write():
        with bind_tenant(acme), transaction.atomic():
            row = StoredObject.objects.reserve(content("x.pdf", size_bytes))
        with bind_tenant(acme), transaction.atomic():
            row.mark_stored("etag")
        return row

    said = at_once(*[write] * WRITERS)
    assert sum(isinstance(one, StoredObject) for one in said) == winners
    assert sum(isinstance(one, QuotaExceeded) for one in said) == WRITERS - winners
    assert committed(lambda: books(acme)) == (winners * size_bytes, 0)


def test_of_many_sizes_at_once_the_sum_is_never_above_the_quota(committed, acme):
    committed(lambda: set_quota(acme, 100))
    sizes = [7, 31, 13, 29, 5, 41, 3, 19, 23, 11, 17, 37]

    def promise(size_bytes):
        with bind_tenant(acme), transaction.atomic():
            return StoredObject.objects.reserve(content("x.pdf", size_bytes)).size_bytes

    said = at_once(*[lambda size=size: promise(size) for size in sizes])
    won = [one for one in said if isinstance(one, int)]
    used, reserved = committed(lambda: books(acme))
    assert (used, reserved) == (0, sum(won))
    assert reserved <= 100
    # Nobody was refused whose bytes would still fit.
    assert all(reserved + size > 100 for size in set(sizes) - set(won))


def test_uploads_and_sweeps_at_once_end_and_add_up(committed, acme, people):
    uploader = require_editor(member(people["ed"], acme))

    def upload():
        with bind_tenant(acme):
            return store_upload(uploader=uploader, file=ContentFile(b"x" * 10, name="x.pdf"))

    def give_up():
        with bind_tenant(acme), transaction.atomic():
            row = StoredObject.objects.reserve(content("x.pdf", 10))
            grow_old(row)

    def sweep_all():
        with bind_tenant(acme):
            return [row.pk for row in sweep()]

    committed(lambda: [give_up() for _ in range(10)])
    said = at_once(*[upload] * 8, *[sweep_all] * 4, *[give_up] * 4)
    committed(sweep_all)
    assert sum(isinstance(one, Document) for one in said) == 8
    assert committed(lambda: books(acme)) == (80, 0)


def test_a_row_is_released_once_by_whichever_of_two_sweeps(committed, acme):
    def leave():
        with bind_tenant(acme), transaction.atomic():
            rows = [StoredObject.objects.reserve(content("x.pdf", 5)) for _ in range(12)]
            for row in rows:
                row.abandon()
                grow_old(row)

    def take_all_away():
        with bind_tenant(acme):
            return [row.pk for row in list_abandoned() if remove_object(row)]

    committed(leave)
    one, other = at_once(take_all_away, take_all_away)
    assert len({*one, *other}) == len(one) + len(other) == 12
    assert committed(lambda: books(acme)) == (0, 0)


# --- every step adds up


def announce_app_file(name: str, size_bytes: int = 5) -> StoredObject:
    """Return a pending row of an app's file, which may take another's place."""
    return StoredObject.objects.create_pending(
        content(name, size_bytes), area="media", kind="app", name=f"media/{name}"
    )


def test_usage_adds_up_after_every_step_of_an_objects_life(acme, globex):
    with bind_tenant(acme):
        row = StoredObject.objects.reserve(content("x.pdf", 5))
        assert books(acme) == (0, 5)
        row.mark_stored("etag")
        assert books(acme) == (5, 0)
        copy = announce_app_file("x.pdf", 5)
        assert books(acme) == (5, 0)
        copy.replace(row, "etag")
        assert books(acme) == (5, 0)
        assert (copy.charged_bytes, row.charged_bytes, row.state) == (5, 0, "condemned")
        assert row.mark_gone()
        assert books(acme) == (5, 0)
        assert copy.condemn()
        assert books(acme) == (0, 0)
        assert copy.mark_gone()
        assert not copy.mark_gone()
    assert books(acme) == (0, 0)
    assert books(globex) == (0, 0)


def test_a_row_that_comes_back_after_the_sweep_holds_no_quota_and_is_swept_again(acme):
    with bind_tenant(acme):
        row = StoredObject.objects.reserve(content("x.pdf", 5))
        grow_old(row)
        sweep()
        assert row.abandon_or_reopen()
        assert books(acme) == (0, 0)
        sweep()
        row.refresh_from_db()
    assert (row.state, books(acme)) == ("gone", (0, 0))


def test_an_instance_from_before_the_sweep_releases_nothing_twice(acme):
    with bind_tenant(acme):
        row = StoredObject.objects.reserve(content("x.pdf", 5))
        other = StoredObject.objects.reserve(content("y.pdf", 7))
        row.abandon()
        stale = StoredObject.objects.get(pk=row.pk)
        assert row.mark_gone()
        row.abandon_or_reopen()
        assert not stale.mark_gone()
        assert books(acme) == (0, 7)
        assert other.abandon()


def test_what_holds_quota_takes_no_other_objects_place(acme):
    with bind_tenant(acme):
        old = StoredObject.objects.reserve(content("x.pdf", 5))
        old.mark_stored("etag")
        with pytest.raises(ValueError, match="no quota of its own"):
            StoredObject.objects.reserve(content("x.pdf", 5)).replace(old, "etag")


def test_of_two_that_replace_one_object_the_second_is_lost_and_nothing_is_counted_twice(acme):
    with bind_tenant(acme):
        old = StoredObject.objects.reserve(content("x.pdf", 5))
        old.mark_stored("etag")
        seen_by_another = StoredObject.objects.get(pk=old.pk)
        announce_app_file("a.pdf").replace(old, "etag")
        late = announce_app_file("b.pdf")
        with pytest.raises(UploadLost), transaction.atomic():
            late.replace(seen_by_another, "etag")
        assert late.abandon_or_reopen()
    assert books(acme) == (5, 0)


# --- what is refused, and what goes on


def test_an_upload_that_does_not_fit_is_refused_before_anything_is_sent(acme, globex, store):
    set_quota(acme, 10)
    store(acme, b"x" * 6)
    with bucket_requests() as sent, pytest.raises(QuotaExceeded, match="It needs 5 bytes"):
        store(acme, b"x" * 5)
    assert sent == []
    with bind_tenant(acme):
        assert StoredObject.objects.count() == 1
    assert books(acme) == (6, 0)
    store(globex, b"x" * 5)
    store(acme, b"x" * 4)


def test_a_quota_below_what_is_kept_loses_nothing_and_takes_nothing_more(acme, store):
    document = store(acme, b"x" * 6)
    with bind_tenant(acme):
        grow_old(StoredObject.objects.reserve(content("x.pdf", 4)))
    set_quota(acme, 3)
    with pytest.raises(QuotaExceeded):
        store(acme, b"x")
    with bind_tenant(acme):
        sweep()
        assert Document.objects.get() == document
        announce_app_file("x.pdf", 6).replace(document.original, "etag")
    assert books(acme) == (6, 0)


def test_no_quota_is_no_limit_and_a_quota_of_nothing_takes_nothing(acme, store):
    store(acme, b"x")
    set_quota(acme, 0)
    with pytest.raises(QuotaExceeded):
        store(acme, b"x")


def test_a_tenant_without_a_quota_takes_nothing_and_says_who_has_to_look(acme, store, browse):
    Quota.objects.filter(tenant=acme).delete()
    with pytest.raises(QuotaBroken, match="tenant limits acme/ --quota SIZE --recount"):
        store(acme, b"x")
    with bind_tenant(acme):
        assert not StoredObject.objects.exists()
    page = browse(acme, "ed").get("/").content.decode()
    assert "nothing more fits" in page


@pytest.mark.parametrize(("change", "columns"), [
    (quotas.charge_reserved, {"reserved_bytes": 4}),
    (quotas.release_reserved, {"reserved_bytes": 4}),
    (quotas.free_used, {"used_bytes": 4}),
])  # fmt: skip
def test_usage_is_never_taken_below_zero(change, columns, acme):
    Quota.objects.filter(tenant=acme).update(**columns)
    with bind_tenant(acme), pytest.raises(QuotaBroken, match="--recount"):
        change(5)
    row = quota_row(acme)
    assert row.taken_bytes == 4


@pytest.mark.parametrize("column", ["used_bytes", "reserved_bytes", "quota_bytes"])
def test_the_database_itself_refuses_a_usage_below_zero(column, acme):
    with pytest.raises(IntegrityError), transaction.atomic():
        Quota.objects.filter(tenant=acme).update(**{column: -1})
