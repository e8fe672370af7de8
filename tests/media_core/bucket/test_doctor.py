"""What a run of the doctor leaves behind, what it says, and what it costs; on whatever bucket the settings name."""

import json
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings

from media_core.bucket.capabilities import Capability, describe_target
from media_core.bucket.client import get_bucket_client
from media_core.bucket.doctor import bench as benches
from media_core.bucket.doctor.bench import open_bench
from media_core.bucket.doctor.examine import PROBES, examine
from media_core.bucket.findings import Outcome
from media_core.bucket.marker_store import make_marker_key
from media_core.bucket.models import BucketReport, Deployment
from tests.conftest import World
from tests.media_core.bucket.conftest import policy
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db
SEVEN_POINTS = [
    "1. private bucket", "2. signature version", "3. endpoint and path", "4. ACLs", "5. presigned links",
    "6. checksum settings", "7. prefixes",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _own_prefix(world, settings):
    """A prefix that no other run of the tests writes under."""
    settings.LOCATION_PREFIX = "doctors-test/"


@dataclass(frozen=True)
class Run:
    """One run with --json --try-policy and what came of it, for tests that only read it."""

    printed: str
    # By our client; what is asked as a stranger does not go through it.
    requests: int
    report: BucketReport
    target: str
    left: tuple[list[str], list[Any]]
    marker: str
    policy: Any


# A run waits for seconds until a link is over.
@pytest.fixture(scope="module")
def whole_run(world: World, django_db_blocker: Any) -> Run:
    with django_db_blocker.unblock(), override_settings(LOCATION_PREFIX="doctors-test/"):
        out = StringIO()
        with bucket_requests() as sent:
            call_command("bucket", "doctor", "--json", "--try-policy", stdout=out)
        report = BucketReport.objects.latest("made_at")
        report.delete()
        marker = get_bucket_client().get_object(Bucket=settings.BUCKET_NAME, Key=make_marker_key())
        return Run(
            printed=out.getvalue(),
            requests=len(sent),
            report=report,
            target=describe_target(),
            left=(objects(settings), uploads(settings)),
            marker=marker["Body"].read().decode(),
            policy=policy(),
        )


def objects(settings):
    found = get_bucket_client().list_objects_v2(Bucket=settings.BUCKET_NAME, Prefix="doctors-test/")
    return [each["Key"] for each in found.get("Contents", ()) if each["Key"] != make_marker_key()]


def uploads(settings):
    found = get_bucket_client().list_multipart_uploads(
        Bucket=settings.BUCKET_NAME, Prefix="doctors-test/"
    )
    return found.get("Uploads", [])


@pytest.mark.slow
@pytest.mark.bucket
def test_a_run_that_tries_no_policy_passes_for_ninety_requests_at_most(world, db):
    with override_settings(LOCATION_PREFIX="doctors-test/"), bucket_requests() as sent:
        examination = examine()
    assert examination.passed
    assert [each.probe for each in examination.findings] == [probe.id for probe in PROBES]
    assert len(sent) <= 90
    assert examination.requests - len(sent) <= 60


@pytest.mark.bucket
def test_the_bucket_of_this_run_passes_and_nothing_but_the_marker_is_left(whole_run):
    failed = [
        f"{each['title']}: {each['seen']}"
        for each in whole_run.report.findings
        if each["outcome"] == Outcome.FAILED
    ]
    assert failed == []
    assert whole_run.report.passed
    assert whole_run.left == ([], [])
    assert str(Deployment.get_current()) in whole_run.marker


def test_each_finding_says_what_why_and_what_was_seen_and_the_seven_points_are_among_them(
    whole_run,
):
    findings = whole_run.report.findings
    assert [each["probe"] for each in findings] == [probe.id for probe in PROBES]
    assert all(each["title"] and each["why"] and each["seen"] for each in findings)
    assert sorted(each["checklist"] for each in findings if each["checklist"]) == SEVEN_POINTS
    trouble = [each for each in findings if each["outcome"] in {Outcome.WARNING, Outcome.FAILED}]
    assert all(each["remedy"] for each in trouble)


def test_a_run_costs_as_many_requests_as_it_says(whole_run):
    asked_as_strangers = whole_run.report.requests - whole_run.requests
    assert whole_run.requests <= 90
    assert asked_as_strangers <= 60


def test_neither_keys_nor_signatures_are_in_the_report_or_the_output(whole_run, settings):
    report = json.dumps(whole_run.report.findings)
    for secret in (settings.BUCKET_ACCESS_KEY, settings.BUCKET_SECRET_KEY, "Signature=", "X-Amz-"):
        assert secret not in whole_run.printed
        assert secret not in report


def test_the_report_is_stored_and_printed_as_json(whole_run):
    printed, report = json.loads(whole_run.printed), whole_run.report
    assert printed["target"] == report.target == whole_run.target
    assert printed["capabilities"] == report.capabilities
    assert printed["passed"] is report.passed is True
    assert {Capability.PRIVATE, Capability.OWNED} <= report.capabilities.keys()


def test_what_breaks_off_in_the_middle_leaves_no_canary(settings):
    def begin() -> None:
        with open_bench() as at:
            at.put("private/x")
            at.begin_multipart_upload(at.key("private/parts"))
            assert (len(objects(settings)), len(uploads(settings))) == (1, 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begin()
    assert (objects(settings), uploads(settings)) == ([], [])


def test_what_a_killed_run_left_goes_with_the_next_but_not_what_runs_beside_it(
    settings, monkeypatch
):
    with open_bench() as beside:
        other = beside.put("private/x")
        with open_bench():
            pass
        assert objects(settings) == [other]
        monkeypatch.setattr(benches, "ABANDONED_AFTER", timedelta(0) - timedelta(minutes=1))
        with open_bench():
            pass
        assert objects(settings) == []


@pytest.mark.bucket
def test_outside_mode_acl_no_request_of_ours_has_an_acl(settings):
    """The one header is an attacker's, sent with a link as anybody could: that is what is tried there."""
    settings.PUBLIC_MEDIA_MODE = "policy"
    with bucket_requests() as sent:
        findings = {each.probe: each for each in examine().findings}
    assert findings["public-acl"].outcome == Outcome.UNKNOWN
    names = {name.lower() for request in sent for name in request.headers}
    assert not [name for name in names if name.startswith(("x-amz-acl", "x-amz-grant"))]
    assert not [request.url for request in sent if "acl" in request.url.partition("?")[2]]


def test_others_statements_in_the_policy_stay(settings):
    deny = {
        "Sid": "Theirs", "Effect": "Deny", "Principal": {"AWS": ["*"]}, "Action": ["s3:DeleteObject"],
        "Resource": [f"arn:aws:s3:::{settings.BUCKET_NAME}/doctors-test/theirs/*"],
    }  # fmt: skip
    at = {"Bucket": settings.BUCKET_NAME}
    text = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    get_bucket_client().put_bucket_policy(**at, Policy=text)
    try:
        examine(try_policy=True)
        left = json.loads(get_bucket_client().get_bucket_policy(**at)["Policy"])["Statement"]
    finally:
        get_bucket_client().delete_bucket_policy(**at)
    assert left == [deny]


def test_a_policy_that_was_not_there_is_not_there_afterwards(whole_run):
    assert whole_run.policy == {}


def test_without_a_bucket_there_is_nothing_to_examine(settings):
    settings.USE_S3_MEDIA, settings.BUCKET_NAME = False, ""
    with pytest.raises(CommandError, match="no bucket to examine"):
        call_command("bucket", "doctor")


@pytest.mark.ceph
def test_on_ceph_rgw_the_doctor_says_that_unsigned_headers_are_obeyed(settings):
    """Debian's RGW 16 has the hole of CVE-2026-54330; with SigV2 every x-amz-* header is part of the signature."""
    examination = examine()
    found = {each.probe: each for each in examination.findings}
    wanted = Outcome.WARNING if settings.BUCKET_SIGNATURE_VERSION == "s3v4" else Outcome.OK
    for probe in ("unsigned-copy-put", "unsigned-copy-part", "unsigned-acl"):
        assert found[probe].outcome == wanted, found[probe].seen
    assert examination.capabilities()[Capability.SIGNED_HEADERS_ONLY] is (wanted == Outcome.OK)


def test_a_store_that_overlooks_the_prefix_of_a_list_loses_nothing_of_others(settings, monkeypatch):
    client, theirs = get_bucket_client(), {"Bucket": settings.BUCKET_NAME, "Key": "shop/video.mp4"}
    client.put_object(**theirs, Body=b"theirs")
    upload = client.create_multipart_upload(**theirs)["UploadId"]
    monkeypatch.setattr(benches, "ABANDONED_AFTER", timedelta(seconds=-60))

    def overlook(params, **_given):
        params["Prefix"] = "shop/"

    lists = [
        f"before-parameter-build.s3.{each}" for each in ("ListObjectsV2", "ListMultipartUploads")
    ]
    for event in lists:
        client.meta.events.register(event, overlook)
    try:
        with open_bench():
            pass
    finally:
        for event in lists:
            client.meta.events.unregister(event, overlook)
    kept = (
        client.get_object(**theirs)["Body"].read(),
        client.list_parts(**theirs, UploadId=upload)["UploadId"],
    )
    client.abort_multipart_upload(**theirs, UploadId=upload)
    client.delete_object(**theirs)
    assert kept == (b"theirs", upload)
