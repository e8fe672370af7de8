"""Lifecycle rules: how many, in which shape they come back, and which are refused."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.gateway.demo.bucket.conftest import S3Client

OF_RGW = pytest.mark.bucket


def rule(name: str, **given: Any) -> Any:
    usual = {"Status": "Enabled", "Filter": {"Prefix": f"{name}/"}, "Expiration": {"Days": 1}}
    return {"ID": name, **usual, **given}


def put_rules(s3: S3Client, bucket: str, *rules: Any) -> None:
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": list(rules)}
    )


@OF_RGW
@pytest.mark.parametrize(("count", "accepted"), [(1000, True), (1001, False)])
def test_a_bucket_has_a_thousand_lifecycle_rules(
    s3: S3Client, own_bucket: str, count: int, accepted: bool
) -> None:
    rules = [rule(f"rule-{number}") for number in range(count)]
    if accepted:
        put_rules(s3, own_bucket, *rules)
        kept = s3.get_bucket_lifecycle_configuration(Bucket=own_bucket)["Rules"]
        assert len(kept) == count
    else:
        with pytest.raises(ClientError, match="MalformedXML"):
            put_rules(s3, own_bucket, *rules)


TAGS = [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}]
READ_BACK: dict[str, tuple[Any, Any]] = {
    "prefix": ({"Filter": {"Prefix": "tmp/"}}, {"Filter": {"Prefix": "tmp/"}}),
    "tag": ({"Filter": {"Tag": TAGS[0]}}, {"Filter": {"Tag": TAGS[0]}}),
    "tags": ({"Filter": {"And": {"Tags": TAGS}}}, {"Filter": {"And": {"Tags": TAGS}}}),
    "prefix and tag": (
        {"Filter": {"And": {"Prefix": "tmp/", "Tags": TAGS[:1]}}},
        {"Filter": {"Prefix": "tmp/", "Tag": TAGS[0]}},
    ),
    "prefix and tags": (
        {"Filter": {"And": {"Prefix": "tmp/", "Tags": TAGS}}},
        {"Filter": {"Prefix": "tmp/", "And": {"Tags": TAGS}}},
    ),
    "no filter": ({"Filter": {}}, {"Prefix": ""}),
    "empty prefix": ({"Filter": {"Prefix": ""}}, {"Prefix": ""}),
    "old prefix": ({"Prefix": "old/"}, {"Prefix": "old/"}),
    "disabled": (
        {"Filter": {"Prefix": "a/"}, "Status": "Disabled"},
        {"Filter": {"Prefix": "a/"}, "Status": "Disabled"},
    ),
}


@OF_RGW
@pytest.mark.parametrize("name", READ_BACK)
def test_a_lifecycle_rule_reads_back_in_the_shape_of_rgw(
    s3: S3Client, own_bucket: str, name: str
) -> None:
    put, read = READ_BACK[name]
    usual = {"ID": "a", "Status": "Enabled", "Expiration": {"Days": 1}}
    put_rules(s3, own_bucket, {**usual, **put})
    (found,) = s3.get_bucket_lifecycle_configuration(Bucket=own_bucket)["Rules"]
    assert found == {**usual, **read}


@OF_RGW
def test_lifecycle_rules_get_names_and_an_order(s3: S3Client, own_bucket: str) -> None:
    nameless = {name: value for name, value in rule("tmp").items() if name != "ID"}
    put_rules(s3, own_bucket, rule("zzz"), nameless, rule("!"))
    kept = s3.get_bucket_lifecycle_configuration(Bucket=own_bucket)["Rules"]
    assert [each["Filter"]["Prefix"] for each in kept] == ["!/", "tmp/", "zzz/"]
    assert len(kept[1]["ID"]) == 48


def test_what_was_read_is_not_written_back_where_rgw_would_forget_the_prefix(
    s3: S3Client, own_bucket: str
) -> None:
    put_rules(s3, own_bucket, rule("a", Filter={"And": {"Prefix": "tmp/", "Tags": TAGS}}))
    read = s3.get_bucket_lifecycle_configuration(Bucket=own_bucket)["Rules"]
    with pytest.raises(ClientError, match="MalformedXML"):
        put_rules(s3, own_bucket, *read)


@OF_RGW
def test_a_rule_for_a_prefix_and_one_tag_can_be_written_back(s3: S3Client, own_bucket: str) -> None:
    put_rules(s3, own_bucket, rule("a", Filter={"And": {"Prefix": "tmp/", "Tags": TAGS[:1]}}))
    read = s3.get_bucket_lifecycle_configuration(Bucket=own_bucket)["Rules"]
    put_rules(s3, own_bucket, *read)
    assert s3.get_bucket_lifecycle_configuration(Bucket=own_bucket)["Rules"] == read


@pytest.mark.parametrize("name", ["ObjectSizeGreaterThan", "ObjectSizeLessThan"])
def test_a_rule_by_size_is_refused_where_rgw_would_drop_its_filter(
    s3: S3Client, own_bucket: str, name: str
) -> None:
    with pytest.raises(ClientError, match="NotImplemented"):
        put_rules(s3, own_bucket, rule("large", Filter={name: 1024}))


@OF_RGW
def test_two_rules_have_two_names(s3: S3Client, own_bucket: str) -> None:
    with pytest.raises(ClientError, match="InvalidArgument"):
        put_rules(s3, own_bucket, rule("same"), rule("same"))


@OF_RGW
def test_unfinished_uploads_are_not_chosen_by_tags(s3: S3Client, own_bucket: str) -> None:
    chosen = rule("a", Filter={"Tag": TAGS[0]})
    chosen["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": 1}
    with pytest.raises(ClientError, match="InvalidRequest"):
        put_rules(s3, own_bucket, chosen)
