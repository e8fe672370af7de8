"""The doctor finds each fault of a bucket, names it, and lets none hide another."""

import json
import re

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from gateway.demo.bucket.fault_injection import FAULT_DESCRIPTIONS
from gateway.demo.resolution import resolve_localhost_names
from media_core.bucket.capabilities import Capability
from media_core.bucket.client import get_bucket_client
from media_core.bucket.desired.apply import apply
from media_core.bucket.doctor import bench as benches
from media_core.bucket.doctor.examine import PROBES, examine
from media_core.bucket.findings import Outcome
from media_core.bucket.marker_store import make_marker_key
from media_core.bucket.models import BucketReport

pytestmark = pytest.mark.django_db
FORMS = ("post-signature", "post-size", "post-type", "post-key", "post-expiry")
LACKS_FORMS = {"post": "warning", **dict.fromkeys(FORMS, "unknown")}
ATTACKED = ("unsigned-copy-put", "unsigned-copy-part", "unsigned-acl")
# What each mood does to the findings; all others stay ok. PUBLIC_MEDIA_MODE is acl.
FAULTS = {
    "copy-refused": {"copy": "warning"},
    "copy-denied": {"copy": "warning"},
    "unsigned-headers": dict.fromkeys(ATTACKED, "warning"),
    "acls-unsupported": {"public-acl": "failed"},
    "acls-overlooked": {"public-acl": "failed"},
    "post-unsupported": LACKS_FORMS,
    "post-not-allowed": LACKS_FORMS,
    "post-unchecked": dict.fromkeys(
        ("post-size", "post-type", "post-key", "post-expiry"), "warning"
    ),
    "post-size-unchecked": {"post-size": "warning"},
    "post-type-unchecked": {"post-type": "warning"},
    "post-key-unchecked": {"post-key": "warning"},
    "post-expiry-unchecked": {"post-expiry": "warning"},
    "open": {"private-read": "failed", "private-wildcard": "failed"},
    "listed": {"anonymous-list": "failed"},
    # Where one version is taken, that is the one in settings.
    "no-sigv2": {},
    "endless-links": {"expiry": "failed"},
    # A link dies by the bucket's clock.
    "a-little-late": {},
    "headers-ignored": {"forced-headers": "warning"},
    "unconditional": {"if-none-match": "warning"},
    "no-batch-delete": {"batch-delete": "warning"},
    "no-multipart": {"checksums": "warning", "unsigned-copy-part": "unknown"},
    "no-lifecycle": {"lifecycle": "warning"},
    "no-cors": {"cors": "warning"},
    "no-policy": {"public-policy": "warning"},
    "no-versioning": {"versioning": "unknown"},
    "no-object-lock": {},
    "lifecycle-drops-size-filter": {},
    "corrupt-multipart": {"checksums": "failed"},
}
# Moods that stop the doctor at a gate, or show in time only, have tests of their own.
APART = {"slow", "busy", "busy-html", "late", "lost-response", "no-sigv4"}
HOLES = (
    "unsigned-headers", "post-size-unchecked", "post-type-unchecked", "post-key-unchecked", "post-expiry-unchecked",
    "open", "listed", "endless-links", "headers-ignored", "unconditional", "corrupt-multipart",
)  # fmt: skip
LACKS = (
    "copy-refused", "acls-unsupported", "post-unsupported", "no-batch-delete", "no-multipart", "no-lifecycle",
    "no-cors", "no-policy", "no-versioning", "no-object-lock",
)  # fmt: skip


@pytest.fixture
def bucket(acme, globex, moody_bucket, monkeypatch):
    """A bucket that is set up as it should be; without a mood every finding on it is ok."""
    apply()
    # Its clock is ours, and has no whole seconds; test_doctor.py waits as long as a deployment.
    monkeypatch.setattr(benches, "EXPIRED_AFTER_SECONDS", benches.SHORT_SECONDS + 0.1)
    return moody_bucket


def seen(**given):
    """Return the outcomes that are not ok, by probe."""
    return {
        finding.probe: finding.outcome.value
        for finding in examine(try_policy=True, **given).findings
        if finding.outcome != Outcome.OK
    }


def expected_of(moods):
    """Return what these moods together do to the findings."""
    expected: dict[str, str] = {}
    for mood in moods:
        expected |= FAULTS[mood]
    return expected


def test_every_mood_of_the_embedded_bucket_is_tried():
    assert {*FAULTS} | APART == {*FAULT_DESCRIPTIONS}


def test_a_bucket_that_behaves_and_is_set_up_gets_nothing_but_ok(bucket):
    assert seen() == {}


def test_many_lacks_at_once_are_all_found(bucket):
    with bucket.inject_faults(*LACKS):
        assert seen() == expected_of(LACKS)


def test_many_holes_at_once_are_all_found_and_the_command_ends_with_one_and_names_them(
    bucket, capsys
):
    expected = expected_of(HOLES)
    failed = [*expected.values()].count("failed")
    words = f"not fit as it is: {failed} failed"
    with bucket.inject_faults(*HOLES), pytest.raises(CommandError, match=words):
        call_command("bucket", "doctor", "--try-policy")
    findings = BucketReport.objects.latest("made_at").findings
    found = {each["probe"]: each["outcome"] for each in findings}
    assert {probe: found[probe] for probe in found if found[probe] != Outcome.OK} == expected
    said = capsys.readouterr().out
    assert "A stranger's GET of _gateway/canary/" in said
    assert "stores  nothing: 'private' failed" in said
    assert re.search(r"What to look at, above\n  failed +Private is private\n", said)
    assert all(probe.title in said for probe in PROBES)


@pytest.mark.slow
@pytest.mark.parametrize("mood", FAULTS)
def test_each_fault_is_found_by_itself_and_nothing_else_is_blamed(mood, bucket):
    with bucket.inject_faults(mood):
        assert seen() == FAULTS[mood]


def allow_wildcard(settings):
    """Let everybody read by a wildcard that crosses slashes; return the statement."""
    allow = {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{settings.BUCKET_NAME}/*/media/*",
    }  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    get_bucket_client().put_bucket_policy(Bucket=settings.BUCKET_NAME, Policy=document)
    return allow


def set_up_unwisely(settings):
    """Keep every version, and let every page send forms."""
    client, at = get_bucket_client(), {"Bucket": settings.BUCKET_NAME}
    client.put_bucket_versioning(**at, VersioningConfiguration={"Status": "Enabled"})
    rules = client.get_bucket_cors(**at)["CORSRules"]
    rules.append({"AllowedOrigins": ["*"], "AllowedMethods": ["POST"]})
    client.put_bucket_cors(**at, CORSConfiguration={"CORSRules": rules})


def statements(settings):
    return json.loads(get_bucket_client().get_bucket_policy(Bucket=settings.BUCKET_NAME)["Policy"])[
        "Statement"
    ]


def test_what_others_set_up_is_found_and_stays(bucket, settings):
    allow = allow_wildcard(settings)
    set_up_unwisely(settings)
    assert seen() == {"private-wildcard": "failed", "versioning": "warning", "cors": "warning"}
    assert statements(settings) == [allow]


@pytest.mark.slow
def test_a_wildcard_that_crosses_slashes_is_found(bucket, settings):
    allow = allow_wildcard(settings)
    assert seen() == {"private-wildcard": "failed"}
    assert statements(settings) == [allow]


@pytest.mark.slow
def test_what_others_set_up_and_is_unwise_is_said(bucket, settings):
    set_up_unwisely(settings)
    assert seen() == {"versioning": "warning", "cors": "warning"}


def test_a_client_without_its_statement_fails_in_mode_policy(bucket, settings):
    settings.PUBLIC_MEDIA_MODE = "policy"
    assert seen() == {"policy": "failed", "public-acl": "unknown"}
    apply()
    assert seen() == {"public-acl": "unknown"}


@pytest.mark.parametrize(
    ("mood", "gate", "word"),
    [
        ("busy", "reachable", "503"),
        ("busy-html", "reachable", "429"),
        ("late", "credentials", "RequestTimeTooSkewed"),
    ],
)
def test_at_a_gate_the_rest_is_not_tried_and_nothing_is_held_against_the_bucket(
    mood, gate, word, bucket, attempts
):
    attempts(1)
    with bucket.inject_faults(mood):
        examination = examine()
    outcomes = {finding.probe: finding for finding in examination.findings}
    assert outcomes[gate].outcome == Outcome.FAILED
    assert word in outcomes[gate].seen
    assert outcomes["private-read"].outcome == Outcome.UNKNOWN
    assert (examination.passed, examination.capabilities()) == (False, {})


def test_where_only_the_other_version_of_signatures_is_taken_it_is_named(bucket, settings):
    settings.BUCKET_ENDPOINT_URL = f"http://s3.localhost:{bucket.port}"
    with resolve_localhost_names(), bucket.inject_faults("no-sigv4"):
        found = {finding.probe: finding for finding in examine().findings}
    assert found["credentials"].outcome == Outcome.FAILED
    assert found["signature"].seen == "s3v4 is refused, s3 is taken."
    assert (
        "AWS_S3_SIGNATURE_VERSION=s3 and AWS_S3_ADDRESSING_STYLE=virtual"
        in found["signature"].remedy
    )


def test_a_clock_that_is_an_hour_off_is_named(bucket):
    with bucket.inject_faults("late"):
        assert seen()["clock"] == "failed"


@pytest.mark.usefixtures("short_pauses")
def test_a_bucket_that_is_busy_for_a_moment_is_asked_again(bucket):
    with (
        bucket.inject_faults("busy", requests=2),
        bucket.inject_faults("lost-response", requests=1),
    ):
        assert seen() == {}


WRONG = {
    "BUCKET_NAME": ("no-such-bucket", "There is no bucket no-such-bucket"),
    "BUCKET_ACCESS_KEY": ("WRONGKEY", "InvalidAccessKeyId"),
    "BUCKET_SECRET_KEY": ("wrong", "SignatureDoesNotMatch"),
    "BUCKET_REGION": ("elsewhere", "AuthorizationHeaderMalformed"),
}


@pytest.mark.parametrize("name", WRONG)
def test_settings_that_do_not_fit_are_named_with_a_remedy(name, bucket, settings):
    value, words = WRONG[name]
    setattr(settings, name, value)
    found = {finding.probe: finding for finding in examine().findings}
    assert words in found["credentials"].seen
    assert found["credentials"].remedy.startswith(("Mend AWS_", "Give keys"))


def test_nobody_there_is_named(bucket, settings, attempts):
    attempts(1)
    settings.BUCKET_ENDPOINT_URL = "http://127.0.0.1:9"
    found = {finding.probe: finding for finding in examine().findings}
    assert "EndpointConnectionError" in found["reachable"].seen


def test_the_prefix_of_another_deployment_is_refused_and_its_marker_stays(bucket, settings):
    marker = json.dumps(
        {
            "deployment": "7d0a4a7e-0000-4000-8000-000000000000",
            "database": "7/16384",
            "created_at": "2026-01-01T00:00:00+00:00",
        }
    ).encode()
    at = {"Bucket": settings.BUCKET_NAME, "Key": make_marker_key()}
    get_bucket_client().put_object(**at, Body=marker)
    examination = examine()
    assert examination.capabilities()[Capability.OWNED] is False
    assert get_bucket_client().get_object(**at)["Body"].read() == marker
