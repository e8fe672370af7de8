"""A bucket that others use too is set up: ours by id, theirs as they are, and never half of it."""

from typing import Any

import pytest
from django.conf import settings

from media_core.bucket.client import get_bucket_client
from media_core.bucket.desired import cors as desired_cors
from media_core.bucket.desired.apply import apply, list_differences
from media_core.bucket.marker import claim_prefix
from media_core.errors import BucketOfAnother
from tenants.models import Domain, Tenant
from tests.media_core.bucket.conftest import (
    THEIR_CORS,
    THEIR_STATEMENT,
    all_theirs,
    another_deployment,
    at,
    cors,
    lifecycle,
    ours,
    policy,
    set_cors,
    set_lifecycle,
    set_policy,
    set_theirs,
    theirs,
)
from tests.wire import bucket_requests

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("acme", "globex", "hooli", "bare_bucket"),
]
READS = {"GET"}


def troubles() -> list[str]:
    """Apply, and return what could not be done."""
    return [done.trouble for done in apply() if done.trouble]


def settled() -> bool:
    return not any(list_differences())


def statements() -> Any:
    return policy().get("Statement", [])


@pytest.mark.bucket
def test_a_bare_bucket_gets_all_of_it_and_a_second_run_has_nothing_to_do(own_prefix):
    assert troubles() == []
    assert settled()
    with bucket_requests() as sent:
        assert not any(apply())
    assert {request.method for request in sent} == READS


@pytest.mark.bucket
def test_cors_names_the_active_domains_of_tenants_that_are_served(acme, own_prefix):
    Domain.objects.create(domain="new.example", tenant=acme)
    Domain.objects.create(domain="files.acme.example", tenant=acme, state=Domain.State.ACTIVE)
    apply()
    (rule,) = cors()
    named = set(rule["AllowedOrigins"])
    assert {"https://acme.example", "https://files.acme.example", "https://globex.example"} <= named
    assert not named & {"https://new.example", "https://hooli.example"}
    assert not [origin for origin in named if "*" in origin or not origin.startswith("https://")]
    assert set(rule["AllowedMethods"]) == {"GET", "HEAD", "POST", "PUT"}
    assert "*" not in rule["AllowedHeaders"]
    assert rule["ExposeHeaders"] == ["ETag"]


def test_without_https_a_browser_on_this_machine_may_come_from_any_port(settings):
    settings.HTTPS_ONLY = False
    assert {"http://acme.example", "http://acme.example:*"} <= set(desired_cors.list_origins())


@pytest.mark.bucket
def test_unfinished_uploads_go_after_a_day_and_objects_never(own_prefix):
    apply()
    (rule,) = lifecycle()
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert rule["Filter"] == {"Prefix": own_prefix}
    assert not {"Expiration", "NoncurrentVersionExpiration", "Transitions"} & set(rule)


@pytest.mark.bucket
def test_without_a_prefix_of_the_deployment_each_room_has_a_rule_and_the_bucket_none(settings):
    settings.LOCATION_PREFIX = ""
    with_bare_marker(apply)
    prefixes = {rule["Filter"]["Prefix"] for rule in lifecycle()}
    assert {"acme/", "globex/", "hooli/", "_gateway/"} <= prefixes
    assert "" not in prefixes
    assert settled()


def with_bare_marker(work: Any) -> None:
    """Do work without a marker at the top of the bucket, and put the one of this run back."""
    at: Any = {"Bucket": settings.BUCKET_NAME, "Key": "_gateway/owner.json"}
    before = get_bucket_client().get_object(**at)["Body"].read()
    get_bucket_client().delete_object(**at)
    try:
        work()
    finally:
        get_bucket_client().put_object(**at, Body=before)


@pytest.mark.bucket
def test_the_policy_is_only_written_in_its_mode_and_goes_with_it(settings):
    apply()
    assert policy() == {}
    settings.PUBLIC_MEDIA_MODE = "policy"
    assert troubles() == []
    assert settled()
    assert {each["Sid"] for each in statements()} >= {
        f"GatewayPublic{tenant.id.hex}" for tenant in Tenant.objects.all()
    }
    settings.PUBLIC_MEDIA_MODE = "gateway"
    assert [change.removed for change in list_differences()][2] == Tenant.objects.count()
    apply()
    assert policy() == {}


@pytest.mark.bucket
@pytest.mark.parametrize("mode", ["acl", "policy"])
def test_rules_of_others_stay_as_they_are(settings, mode):
    settings.PUBLIC_MEDIA_MODE = mode
    before = set_theirs()
    assert troubles() == []
    assert all_theirs() == before
    assert settled()
    assert {"Version": "2008-10-17", "Id": "theirs"}.items() <= policy().items()


@pytest.mark.bucket
def test_of_ours_nothing_is_left_when_nothing_is_wanted_and_others_stay(settings):
    settings.PUBLIC_MEDIA_MODE = "policy"
    before = set_theirs()
    apply()
    Domain.objects.update(state=Domain.State.PENDING)
    settings.PUBLIC_MEDIA_MODE = "acl"
    apply()
    assert ours(cors()) == []
    assert all_theirs() == before


@pytest.mark.bucket
def test_without_any_rule_there_is_no_configuration():
    apply()
    Domain.objects.update(state=Domain.State.PENDING)
    apply()
    assert cors() == []
    assert settled()


@pytest.mark.bucket
def test_rules_in_the_older_form_of_a_filter_are_joined_by_ours_in_that_form(own_prefix):
    set_lifecycle([{"ID": "old", "Status": "Enabled", "Prefix": "tmp/", "Expiration": {"Days": 3}}])
    before = theirs(lifecycle())
    with at("before-send.s3.PutBucketLifecycleConfiguration", refuse_mixed_forms):
        assert troubles() == []
    assert theirs(lifecycle()) == before
    assert settled()


FILTERS = [
    {"Prefix": "logs/"},
    {"Tag": {"Key": "kind", "Value": "old"}},
    {"And": {"Prefix": "logs/", "Tags": [{"Key": "kind", "Value": "old"}]}},
    {
        "And": {
            "Prefix": "logs/",
            "Tags": [{"Key": "kind", "Value": "old"}, {"Key": "of", "Value": "shop"}],
        }
    },
]


@pytest.mark.bucket
@pytest.mark.parametrize("given", FILTERS, ids=["prefix", "tag", "prefix and tag", "two tags"])
def test_a_rule_that_expires_objects_is_about_the_same_objects_afterwards(given):
    """Ceph RGW answers in a form that it reads otherwise: the prefix would be gone."""
    set_lifecycle([{"ID": "x", "Status": "Enabled", "Filter": given, "Expiration": {"Days": 9}}])
    before = theirs(lifecycle())
    assert [done.trouble or done.lost for done in apply()] == [[], [], []]
    assert theirs(lifecycle()) == before
    assert ours(lifecycle())


def refuse_mixed_forms(request: Any, **_given: Any) -> None:
    """AWS: "Filter element can only be used in Lifecycle V2."."""
    assert b"<Filter>" not in request.body


@pytest.mark.bucket
def test_two_deployments_on_one_bucket_leave_each_others_rules(settings, own_prefix):
    settings.PUBLIC_MEDIA_MODE = "policy"
    apply()
    first_rules, first_statements = ours(cors()) + ours(lifecycle()), statements()
    another_deployment()
    settings.LOCATION_PREFIX = f"{own_prefix}second/"
    Tenant.objects.filter(location_prefix="acme/").update(status=Tenant.Status.SUSPENDED)
    apply()
    both = ours(cors()) + ours(lifecycle())
    assert all(rule in both for rule in first_rules)
    assert len(both) == len(first_rules) + 2
    assert statements() != first_statements


@pytest.mark.bucket
def test_another_deployments_statements_stay(settings):
    foreign = {**THEIR_STATEMENT, "Sid": "GatewayPublic" + "0" * 32}
    set_policy({"Version": "2012-10-17", "Statement": [foreign]})
    settings.PUBLIC_MEDIA_MODE = "policy"
    apply()
    assert foreign in statements()


@pytest.mark.bucket
def test_a_prefix_of_another_deployment_is_refused_and_nothing_is_changed():
    claim_prefix()
    another_deployment()
    before = set_theirs()
    with bucket_requests() as sent, pytest.raises(BucketOfAnother):
        apply()
    assert {request.method for request in sent} == READS
    assert all_theirs() == before


@pytest.mark.bucket
def test_what_somebody_changed_in_ours_is_put_right():
    apply()
    (rule,) = cors()
    set_cors([{**rule, "AllowedOrigins": ["*"]}])
    (change, *_rest) = list_differences()
    assert (change.added, change.replaced, change.removed) == (0, 1, 0)
    assert "-   AllowedOrigins: *" in change.lines()
    apply()
    assert cors() == [rule]


def drop_ids(params: dict[str, Any], **_given: Any) -> None:
    """Be a server that keeps no ids of CORS rules."""
    for rule in params.get("CORSConfiguration", {}).get("CORSRules", []):
        rule.pop("ID", None)


def test_on_a_server_that_keeps_no_ids_ours_are_known_by_form_and_origin(acme):
    set_cors(THEIR_CORS)
    with at("before-parameter-build.s3.PutBucketCors", drop_ids):
        assert troubles() == []
        assert settled()
        Domain.objects.create(domain="more.example", tenant=acme, state=Domain.State.ACTIVE)
        apply()
    assert settled()
    assert len(cors()) == len(THEIR_CORS) + 1
