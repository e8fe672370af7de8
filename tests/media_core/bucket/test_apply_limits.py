"""What cannot be done to a bucket is said, with what to do instead; nothing else is disturbed by it."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from media_core.bucket.bucket_policy import MAX_POLICY_BYTES
from media_core.bucket.client import get_bucket_client
from media_core.bucket.desired import cors as desired_cors
from media_core.bucket.desired.apply import apply, list_differences
from media_core.bucket.desired.lifecycle import Lifecycle
from tenants.models import Domain
from tests.media_core.bucket.conftest import (
    THEIR_CORS,
    THEIR_STATEMENT,
    at,
    cors,
    lifecycle,
    ours,
    policy,
    set_cors,
    set_lifecycle,
    set_policy,
)
from tests.wire import bucket_requests

# Of a rule's id, in characters.
MAX_ID = 255

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("acme", "globex", "hooli", "bare_bucket"),
]


def refused(part: str) -> str:
    """Apply; return why this part was refused, when nothing of it was written."""
    with bucket_requests() as sent:
        (trouble,) = [done.trouble for done in apply() if done.part == part]
    subject = {"CORS": "cors"}.get(part, part)
    assert not [each for each in sent if each.method == "PUT" and each.url.endswith(f"?{subject}")]
    return trouble


@pytest.mark.bucket
def test_more_cors_rules_than_buckets_take_are_refused_and_the_rest_is_done():
    full = [{**THEIR_CORS[0], "ID": f"theirs-{number}"} for number in range(100)]
    set_cors(full)
    assert "101 CORS rules; buckets take 100" in refused("CORS")
    assert len(cors()) == 100
    assert ours(lifecycle())


@pytest.mark.bucket
def test_more_lifecycle_rules_than_buckets_take_are_refused():
    rule = {"Status": "Disabled", "Expiration": {"Days": 9}}
    full = [{**rule, "ID": f"t{n}", "Filter": {"Prefix": f"{n}/"}} for n in range(1000)]
    set_lifecycle(full)
    assert "1001 lifecycle rules; buckets take 1000" in refused("lifecycle")
    assert len(lifecycle()) == 1000


def test_a_policy_larger_than_buckets_take_is_refused_and_says_what_to_use(settings):
    settings.PUBLIC_MEDIA_MODE = "policy"
    resource = f"arn:aws:s3:::test-bucket/{'x' * (MAX_POLICY_BYTES - 500)}"
    theirs = {
        "Version": "2012-10-17",
        "Statement": [{**THEIR_STATEMENT, "Resource": resource}],
    }
    set_policy(theirs)
    assert "PUBLIC_MEDIA_MODE=acl or gateway" in refused("policy")
    assert policy() == theirs


@pytest.mark.bucket
def test_many_domains_are_spread_over_rules(acme):
    Domain.objects.bulk_create(
        Domain(domain=f"d{number}.example", tenant=acme, state=Domain.State.ACTIVE)
        for number in range(1200)
    )
    apply()
    origins = [origin for rule in cors() for origin in rule["AllowedOrigins"]]
    assert len(cors()) == 3
    assert sorted(origins) == sorted(desired_cors.list_origins())
    assert not any(list_differences())


# --- What a bucket does not do, and what we do not know


Answer = Callable[..., tuple[AWSResponse, dict[str, object]]]


def answering(status: int, code: str) -> Answer:
    """Return a hook that answers in the bucket's place, for boto's event `before-call`: nothing is sent."""
    facts = {"HTTPStatusCode": status, "HTTPHeaders": {}}
    parsed = {"ResponseMetadata": facts, "Error": {"Code": code, "Message": "No."}}
    return lambda **_given: (AWSResponse("", status, HTTPHeaders(), BytesIO()), parsed)


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (501, "NotImplemented", "does not do this (501 NotImplemented)"),
        (405, "MethodNotAllowed", "does not do this (405 MethodNotAllowed)"),
        (403, "AccessDenied", "It answered 403 AccessDenied"),
        (400, "InvalidRequest", "refused it (400 InvalidRequest)"),
    ],
)
@pytest.mark.parametrize("verb", ["Get", "Put"])
def test_what_a_bucket_does_not_do_is_said_with_what_to_do_and_the_rest_is_done(
    verb, status, code, says
):
    with at(f"before-call.s3.{verb}BucketCors", answering(status, code)):
        (done, *rest) = apply()
    assert says in done.trouble
    assert "by hand at the provider" in done.trouble
    assert not any(each.trouble for each in rest)
    assert (cors(), len(lifecycle())) == ([], 1)


@pytest.mark.parametrize(("status", "code"), [(501, "NotImplemented"), (403, "AccessDenied")])
def test_where_no_policy_is_wanted_a_bucket_need_not_have_policies(settings, status, code):
    with at("before-call.s3.GetBucketPolicy", answering(status, code)):
        assert not [done.trouble for done in apply() if done.trouble]
        settings.PUBLIC_MEDIA_MODE = "policy"
        assert "acl or gateway" in refused("policy")


def add_something_new(response_dict: dict[str, Any], **_given: Any) -> None:
    """Be a server of a later day, whose rules say more than boto knows."""
    new = b"<Private>true</Private></CORSRule>"
    response_dict["body"] = response_dict["body"].replace(b"</CORSRule>", new)


def test_settings_that_would_be_lost_by_writing_them_back_are_left_alone():
    set_cors(THEIR_CORS)
    events = get_bucket_client().meta.events
    events.register_first("before-parse.s3.GetBucketCors", add_something_new)
    try:
        assert "does not know" in refused("CORS")
    finally:
        events.unregister("before-parse.s3.GetBucketCors", add_something_new)


def lose_the_shops(params: dict[str, Any], **_given: Any) -> None:
    """Be a server that overlooks a rule."""
    rules = params["CORSConfiguration"]["CORSRules"]
    rules[:] = [rule for rule in rules if rule.get("ID") != "shop"]


def test_a_rule_of_others_that_a_server_does_not_keep_is_named():
    set_cors(THEIR_CORS)
    with at("before-parameter-build.s3.PutBucketCors", lose_the_shops):
        (done, *_rest) = apply()
    assert done.lost == [
        "shop: AllowedMethods: GET, AllowedOrigins: *, AllowedOrigins: https://shop.example"
    ]


def test_a_server_that_keeps_nothing_is_given_up_after_some_tries(monkeypatch):
    monkeypatch.setattr("media_core.bucket.desired.apply.WAIT_SECONDS", 0)
    with at("before-call.s3.PutBucketCors", answering(200, "")):
        (done, *_rest) = apply()
    assert "After 5 tries" in done.trouble


@pytest.mark.parametrize("deployment", [f"{'x' * 49}/" * 4, ""])
def test_the_id_of_a_lifecycle_rule_is_one_that_buckets_take(settings, deployment):
    settings.LOCATION_PREFIX = deployment
    (rule,) = Lifecycle([deployment or f"{'y' * 49}/" * 4]).wanted([])
    assert len(rule["ID"]) <= MAX_ID
