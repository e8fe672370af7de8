"""What flows may rely on: what was proved, of this bucket, not too long ago."""

from io import BytesIO

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.test.utils import CaptureQueriesContext

from media_core.bucket.capabilities import (
    FORM_MAX_BYTES,
    Capability,
    ProofCache,
    UploadMethod,
    choose_upload_method,
    find_proof,
)
from media_core.bucket.doctor.examine import examine, store_examination
from media_core.bucket.models import BucketCapabilities
from media_core.bucket.start import find_proof_problem
from media_core.documents.permissions import require_editor
from media_core.documents.publishing import publish
from media_core.errors import BucketNotProved, BucketProofExpired
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import Content
from media_core.storages.tenant_storage import find_storage
from tenants.binding import bind_tenant
from tests.conftest import member
from tests.proof import forget_proofs, reported
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_is_known(world):
    forget_proofs()


def written(tenant, area="private"):
    """Write an object into a room and return its row."""
    content = Content("x.pdf", 5, "application/pdf", "0" * 64)
    with bind_tenant(tenant):
        row = StoredObject.objects.create_pending(content, area=area)
        row.mark_stored(find_storage(row).put(row, BytesIO(b"bytes"), file_name="x.pdf"))
    return row


@pytest.mark.parametrize("area", ["private", "media"])
def test_a_bucket_that_nobody_examined_takes_nothing(area, acme, globex):
    for tenant in (acme, globex):
        with bucket_requests() as sent, pytest.raises(BucketNotProved, match="last tried: never"):
            written(tenant, area)
        assert sent == []


def test_publishing_is_refused_without_a_proof_and_nothing_is_changed(acme, people, store):
    reported(Capability.PUBLIC_BY_ACL)
    document = store(acme)
    with bind_tenant(acme):
        editor = require_editor(member(people["ada"], acme))
        with pytest.raises(BucketNotProved, match=r"manage\.py bucket doctor"):
            publish(document.id, editor=editor)
        document.refresh_from_db()
        assert (document.visibility, document.public_copy_id) == ("private", None)
    reported()
    with bind_tenant(acme):
        assert publish(document.id, editor=editor).visibility == "public"


@pytest.mark.parametrize("days_ago", [29, 31])
def test_publishing_counts_on_a_proof_for_so_many_days(days_ago, acme, people, store):
    reported(days_ago=days_ago)
    document = store(acme)
    with bind_tenant(acme):
        editor = require_editor(member(people["ada"], acme))
        if days_ago < 30:
            assert publish(document.id, editor=editor).visibility == "public"
            return
        objects = StoredObject.objects.count()
        with pytest.raises(BucketProofExpired, match="that counts for 30 days"):
            publish(document.id, editor=editor)
        assert StoredObject.objects.count() == objects


def test_a_person_who_publishes_reads_that_it_has_stopped(acme, store, browse):
    reported(days_ago=31)
    document = store(acme)
    page = browse(acme, "ada").post(f"/documents/{document.id}/publish", follow=True).text
    assert "Publishing has stopped until the people who run the gateway check the storage" in page


@pytest.mark.parametrize("area", ["private", "media"])
def test_what_is_stored_goes_on_with_a_proof_that_has_run_out(area, acme, globex):
    reported(days_ago=300)
    for tenant in (acme, globex):
        assert written(tenant, area).state == "stored"


def test_writes_read_one_small_row_and_that_once_in_seconds(acme, globex):
    reported()
    with CaptureQueriesContext(connection) as sent:
        for tenant in (acme, globex, acme, globex):
            written(tenant, "media")
    asked = [each["sql"] for each in sent if "bucket_bucket" in each["sql"]]
    assert len(asked) == 1
    assert '"bucket_bucketcapabilities"."proofs"' in asked[0]


def test_what_a_run_finds_out_counts_at_once_here_and_within_seconds_elsewhere(acme, monkeypatch):
    reported()
    written(acme)
    BucketCapabilities.objects.update(proofs={})
    written(acme)
    monkeypatch.setattr(ProofCache, "SECONDS", 0.0)
    reported(Capability.PRIVATE)
    with pytest.raises(BucketNotProved, match="it failed at 'private'"):
        written(acme)
    BucketCapabilities.objects.update(proofs={})
    with pytest.raises(BucketNotProved, match="is not proved"):
        written(acme)


@pytest.mark.parametrize("area", ["private", "media"])
def test_with_other_keys_a_proof_counts_only_until_it_has_run_out(area, acme, settings):
    keys = settings.BUCKET_ACCESS_KEY
    settings.BUCKET_ACCESS_KEY = "keys-before-these"
    reported(days_ago=29)
    settings.BUCKET_ACCESS_KEY = keys
    written(acme, area)
    forget_proofs()
    settings.BUCKET_ACCESS_KEY = "keys-before-these"
    reported(days_ago=31)
    settings.BUCKET_ACCESS_KEY = keys
    with bucket_requests() as sent, pytest.raises(BucketNotProved, match="not proved with these"):
        written(acme, area)
    assert sent == []


@pytest.mark.parametrize(
    "setting",
    [
        ("BUCKET_NAME", "another"),
        ("LOCATION_PREFIX", "live/"),
        ("BUCKET_ENDPOINT_URL", "http://127.0.0.1:9"),
    ],
)
def test_a_proof_is_good_for_no_other_bucket_or_prefix(setting, acme, settings):
    reported()
    setattr(settings, *setting)
    with pytest.raises(BucketNotProved, match="never"):
        written(acme, "media")


@pytest.mark.parametrize(
    "lacking", [Capability.PRIVATE, Capability.OWNED, Capability.PRESIGNED_GET]
)
def test_a_bucket_that_was_seen_open_anothers_or_with_endless_links_takes_nothing_however_long_ago(
    lacking, acme
):
    reported(lacking, days_ago=300)
    for area in ("private", "media"):
        with bucket_requests() as sent, pytest.raises(BucketNotProved, match=lacking.value):
            written(acme, area)
        assert sent == []


@pytest.mark.parametrize(
    ("mode", "lacking", "refused"),
    [
        ("acl", Capability.PUBLIC_BY_ACL, True),
        ("acl", Capability.PUBLIC_BY_POLICY, False),
        ("policy", Capability.PUBLIC_BY_POLICY, True),
        ("policy", Capability.PUBLIC_BY_ACL, False),
        ("gateway", Capability.PUBLIC_BY_ACL, False),
    ],
)
def test_each_mode_needs_its_own_proof(mode, lacking, refused, acme, settings):
    settings.PUBLIC_MEDIA_MODE = mode
    reported(lacking)
    if not refused:
        written(acme, "media")
        return
    with pytest.raises(BucketNotProved, match=f"failed at '{lacking.value}'"):
        written(acme, "media")


@pytest.mark.parametrize("lacking", [[], [Capability.COPY]], ids=["proved", "not proved"])
def test_a_copy_is_asked_of_the_bucket_only_where_it_was_proved(lacking, acme, globex):
    reported(*lacking)
    source = written(acme)
    with bind_tenant(acme):
        target = StoredObject.objects.create_pending(
            Content("x.pdf", 5, "application/pdf", "0" * 64), area="private"
        )
        with bucket_requests() as sent:
            find_storage(target).copy(source, target, file_name="x.pdf")
        with find_storage(target).read(target) as body:
            assert body.read() == b"bytes"
    wanted = ["GET", "PUT"] if lacking else ["PUT"]
    assert [request.method for request in sent] == wanted
    assert ("x-amz-copy-source" in sent[-1].headers) is not bool(lacking)


@pytest.mark.parametrize(
    ("lacking", "small", "large"),
    [
        ([], UploadMethod.FORM, UploadMethod.PARTS),
        ([Capability.POST_POLICY], UploadMethod.RELAY, UploadMethod.PARTS),
        ([Capability.SIGNED_HEADERS_ONLY], UploadMethod.FORM, UploadMethod.RELAY),
        ([Capability.MULTIPART], UploadMethod.FORM, UploadMethod.RELAY),
    ],
)
def test_an_upload_goes_past_the_gateway_only_where_it_was_proved_safe(lacking, small, large):
    reported(*lacking)
    known = find_proof()
    assert choose_upload_method(FORM_MAX_BYTES, known) == small
    assert choose_upload_method(FORM_MAX_BYTES + 1, known) == large


def test_what_was_proved_too_long_ago_counts_for_no_upload():
    reported(days_ago=31)
    assert choose_upload_method(1, find_proof()) == UploadMethod.RELAY


def test_the_newest_report_counts(acme):
    reported()
    reported(Capability.PUBLIC_BY_ACL)
    with pytest.raises(BucketNotProved):
        written(acme, "media")


def test_a_check_says_what_is_not_proved():
    """`manage.py check --deploy --database default`, before a deployment is served."""
    ids = [message.id for message in run_checks(databases=["default"])]
    assert "media_core.W011" in ids
    assert "last tried: never" in str(find_proof_problem())
    reported()
    assert "media_core.W011" not in [message.id for message in run_checks(databases=["default"])]


def test_on_disk_nothing_of_a_bucket_has_to_be_proved(settings):
    settings.USE_S3_MEDIA = False
    assert find_proof_problem() is None


@pytest.fixture
def run_that_cannot_ask(settings, attempts):
    """Return a function that examines an address where nobody listens, and stores the report."""
    attempts(1)

    def run():
        settings.BUCKET_ENDPOINT_URL, endpoint = "http://127.0.0.1:9", settings.BUCKET_ENDPOINT_URL
        examination = examine()
        settings.BUCKET_ENDPOINT_URL = endpoint
        assert not store_examination(examination).passed

    return run


def test_what_was_proved_still_counts_after_a_run_that_cannot_ask(acme, run_that_cannot_ask):
    """Or a bucket that is away at night would stop publishing for the day."""
    reported(Capability.COPY)
    run_that_cannot_ask()
    written(acme, "media")
    assert find_proof().was_disproved(Capability.COPY)
    forget_proofs()
    reported(days_ago=31)
    run_that_cannot_ask()
    assert not find_proof().has(Capability.PRIVATE)


def test_what_failed_is_not_forgotten_by_a_run_that_cannot_ask(acme, globex, run_that_cannot_ask):
    reported(Capability.PRIVATE, passed=False)
    run_that_cannot_ask()
    for tenant in (acme, globex):
        with pytest.raises(BucketNotProved, match="it failed at 'private'"):
            written(tenant)
    reported()
    written(acme)
