"""An upload that fails gives its quota back: at once where the bucket has nothing of it, else within minutes."""

from datetime import timedelta
from typing import TypeAlias

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from media_core.bucket.marker import claim_prefix
from media_core.errors import BucketUnavailable
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import get_tenant_storage
from media_core.uploads.flow import sweep
from tenants.binding import bind_tenant
from tenants.jobs.kinds import find_kind
from tenants.jobs.step_runner import run_step
from tests.media_core.bucket.test_sender import Busy, _busy_server, lasting_bucket
from tests.media_core.conftest import Attempts, attempts, books, content, grow_old, short_pauses
from tests.media_core.uploads.conftest import keys
from tests.proof import reported

__all__ = ["_busy_server", "attempts", "lasting_bucket", "short_pauses"]
pytestmark = pytest.mark.django_db

GivenAnswer: TypeAlias = tuple[int, bytes, dict[str, str]]

BODY = b"five."
REFUSED: GivenAnswer = (403, b"<Error><Code>AccessDenied</Code></Error>", {})
FAILED: GivenAnswer = (500, b"<Error><Code>InternalError</Code></Error>", {})
NOTHING_CAME = {
    "refused": [REFUSED],
    "no such bucket": [(404, b"<Error><Code>NoSuchBucket</Code></Error>", {})],
    "too many requests": [(429, b"", {})],
    "a redirect": [(301, b"", {"Location": "http://127.0.0.1:9/"})],
    "busy, then refused": [(429, b"", {}), REFUSED],
}
MAY_HAVE_COME = {
    "failed": [FAILED],
    "failed, then refused": [FAILED, REFUSED],
    "no ETag": [(200, b"", {})],
    "a page": [(200, b"<html>", {})],
}


@pytest.fixture
def answering(lasting_bucket: Busy, attempts: Attempts, short_pauses, settings):
    """Return a function that lets the bucket give these answers."""

    def answer(answers):
        settings.BUCKET_ADDRESSING_STYLE, lasting_bucket.answers = "path", [*answers]
        attempts(len(answers))
        reported()

    return answer


def sweeps_waiting(tenant) -> list[timedelta]:
    """Return in how much time each sweep of the tenant runs that was asked for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT scheduled_at FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo'",
            [f"sweep:{tenant.id}"],
        )
        return [at - timezone.now() for (at,) in cursor.fetchall()]


def fail_upload(upload) -> StoredObject:
    with pytest.raises(BucketUnavailable):
        upload(BODY)
    row: StoredObject = StoredObject.objects.get()
    return row


@pytest.mark.parametrize("answers", NOTHING_CAME)
def test_the_quota_is_free_at_once_where_the_bucket_took_nothing(
    answers, answering, upload, acme, globex
):
    answering(NOTHING_CAME[answers])
    with bind_tenant(acme):
        row = fail_upload(upload)
    assert (row.state, books(acme), books(globex)) == ("gone", (0, 0), (0, 0))
    assert sweeps_waiting(acme) == []


def test_the_quota_is_free_at_once_where_nobody_listens(upload, acme, globex, settings):
    settings.BUCKET_ENDPOINT_URL = "http://127.0.0.1:9"
    reported()
    with bind_tenant(acme):
        assert fail_upload(upload).state == "gone"
    assert books(acme) == (0, 0)


@pytest.mark.parametrize("answers", MAY_HAVE_COME)
def test_where_it_may_have_come_the_sweep_is_asked_to_look_within_minutes(
    answers, answering, upload, acme, globex
):
    answering(MAY_HAVE_COME[answers])
    with bind_tenant(acme):
        row = fail_upload(upload)
    assert (row.state, books(acme)) == ("abandoned", (0, len(BODY)))
    (soon,) = sweeps_waiting(acme)
    assert soon < timedelta(minutes=5)
    assert sweeps_waiting(globex) == []


def test_the_job_frees_the_quota_and_removes_what_came(
    moody_bucket, attempts: Attempts, upload, acme, globex
):
    attempts(1)
    reported()
    claim_prefix()
    with moody_bucket.inject_faults("lost-response", operation="PutObject"), bind_tenant(acme):
        row = fail_upload(upload)
    assert keys(acme) == {row_key(acme, row)}
    run_step(find_kind("sweep"), acme.id)
    assert (keys(acme), books(acme)) == (set(), (0, 0))


def test_what_comes_after_the_job_is_known_and_removed_when_the_hour_is_over(
    moody_bucket, attempts: Attempts, upload, acme, globex
):
    attempts(1)
    reported()
    with moody_bucket.inject_faults("lost-response", operation="PutObject"), bind_tenant(acme):
        row = fail_upload(upload)
        assert len(sweep()) == 1
        assert sweep() == []
    with bind_tenant(acme):
        row.refresh_from_db()
        assert row.state == "abandoned"
        get_tenant_storage(row.area).put(row, ContentFile(BODY), file_name="offer.pdf")
        grow_old(row)
        assert len(sweep()) == 1
        row.refresh_from_db()
    assert (row.state, keys(acme), books(acme)) == ("gone", set(), (0, 0))


def test_a_public_copy_of_a_failed_publishing_goes_within_minutes_too(acme, globex):
    """It holds no quota, for it is to take the place of another object. Everybody could read it meanwhile."""
    with bind_tenant(acme):
        public = StoredObject.Area.PUBLIC
        row = StoredObject.objects.create_pending(content(size_bytes=5), area=public)
        get_tenant_storage(public).put(row, ContentFile(BODY), file_name="x.pdf")
        row.abandon_or_reopen()
    (soon,) = sweeps_waiting(acme)
    assert soon < timedelta(minutes=5)
    run_step(find_kind("sweep"), acme.id)
    assert row_key(acme, row) not in keys(acme)
    assert sweeps_waiting(globex) == []
    with bind_tenant(acme):
        row.refresh_from_db()
    # What comes later is removed when the hour is over.
    assert (row.state, books(acme)) == ("abandoned", (0, 0))


def row_key(tenant, row: StoredObject) -> str:
    with bind_tenant(tenant):
        return row.key
