"""What strangers see: ACLs and bucket policies."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
from tests.gateway.demo.bucket.conftest import WAYS, S3Client
from tests.gateway.demo.bucket.wire import Answer, Bucket, by_host, send, signed


@pytest.fixture(params=dict.fromkeys(style for _, style in WAYS.values()))
def base(bucket: Bucket, request: pytest.FixtureRequest) -> str:
    urls = {
        "path": f"{bucket.endpoint_url}/demo",
        "virtual": by_host(bucket, "demo"),
    }
    return urls[request.param]


@pytest.fixture
def public(s3: S3Client, prefix: str) -> str:
    s3.put_object(Bucket="demo", Key=f"{prefix}public", Body=b"public", ACL="public-read")
    return f"{prefix}public"


def statement(effect: str, action: str, resource: str, **given: Any) -> dict[str, Any]:
    return {
        "Effect": effect,
        "Principal": "*",
        "Action": action,
        "Resource": f"arn:aws:s3:::{resource}",
        **given,
    }


def put_policy(client: S3Client, name: str, *statements: dict[str, Any]) -> None:
    client.put_bucket_policy(
        Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    )


def anonymously(bucket: EmbeddedBucket, path: str, method: str = "GET", **headers: str) -> Answer:
    return send(method, f"{bucket.endpoint_url}/{path}", headers=headers)


@pytest.mark.bucket
def test_a_public_object_of_a_private_bucket_is_readable(base: str, public: str) -> None:
    assert send("GET", f"{base}/{public}").body == b"public"
    assert send("HEAD", f"{base}/{public}").status == 200
    assert send("GET", f"{base}/{public}?v=2").status == 200


@pytest.mark.bucket
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_private_object_and_a_missing_one_look_the_same(base: str, key: str, method: str) -> None:
    answers = [send(method, f"{base}/{name}") for name in (key, "missing")]
    assert [answer.status for answer in answers] == [403, 403]
    assert without_numbers(answers[0].body) == without_numbers(answers[1].body)


def without_numbers(body: bytes) -> bytes:
    """Return an error without the number that each request has."""
    return re.sub(rb"<RequestId>[^<]*</RequestId>", b"", body)


@pytest.mark.bucket
@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "/?list-type=2"),
        ("GET", "/?versions"),
        ("GET", "/?uploads"),
        ("GET", "/?policy"),
        ("GET", "/?acl"),
        ("GET", "/?cors"),
        ("PUT", "/?acl"),
        ("PUT", "/"),
        ("DELETE", "/"),
        ("POST", "/?delete"),
        ("PUT", "/{key}"),
        ("PUT", "/new"),
        ("DELETE", "/{key}"),
        ("GET", "/{key}?acl"),
        ("PUT", "/{key}?acl"),
        ("POST", "/new?uploads"),
        ("GET", "/{key}?uploadId=1"),
    ],
)
def test_strangers_may_do_nothing_else(base: str, public: str, method: str, target: str) -> None:
    body = b"" if method in {"PUT", "POST"} else None
    answer = send(method, base + target.format(key=public), body=body)
    assert (answer.status, answer.code) == (403, "AccessDenied")


@pytest.mark.parametrize("query", ["tagging", "versionId=null"])
def test_strangers_see_no_tags_and_no_versions_though_rgw_shows_them(
    base: str, public: str, query: str
) -> None:
    answer = send("GET", f"{base}/{public}?{query}")
    assert (answer.status, answer.code) == (403, "AccessDenied")


def test_strangers_see_no_list_of_buckets(bucket: EmbeddedBucket) -> None:
    assert send("GET", f"{bucket.endpoint_url}/").status == 403


def test_strangers_cannot_copy(base: str, key: str) -> None:
    assert (
        send(
            "PUT", f"{base}/stolen", body=b"", headers={"x-amz-copy-source": f"/demo/{key}"}
        ).status
        == 403
    )


def test_strangers_choose_no_response_headers(base: str, public: str) -> None:
    assert send("GET", f"{base}/{public}?response-content-type=text/html").status == 400


@pytest.mark.bucket
def test_an_acl_takes_effect_at_once(s3: S3Client, base: str, public: str) -> None:
    s3.put_object_acl(Bucket="demo", Key=public, ACL="private")
    assert send("GET", f"{base}/{public}").status == 403
    s3.put_object_acl(Bucket="demo", Key=public, ACL="public-read")
    assert send("GET", f"{base}/{public}").status == 200


@pytest.mark.bucket
def test_a_copy_of_a_public_object_is_private(s3: S3Client, base: str, public: str) -> None:
    s3.copy_object(
        Bucket="demo", Key=f"{public}-copy", CopySource={"Bucket": "demo", "Key": public}
    )
    assert send("GET", f"{base}/{public}-copy").status == 403


@pytest.mark.bucket
def test_parts_become_an_object_with_the_acl_of_their_upload(
    s3: S3Client, base: str, prefix: str
) -> None:
    for name, given in (("private", {}), ("public", {"ACL": "public-read"})):
        wanted = {"Bucket": "demo", "Key": f"{prefix}{name}"}
        upload = s3.create_multipart_upload(**wanted, **given)["UploadId"]
        etag = s3.upload_part(**wanted, UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
        parts = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
        s3.complete_multipart_upload(**wanted, UploadId=upload, MultipartUpload=parts)
    assert send("GET", f"{base}/{prefix}private").status == 403
    assert send("GET", f"{base}/{prefix}public").status == 200


def test_a_public_bucket_lists_and_keeps_its_objects_private(
    s3: S3Client, own_bucket: str, bucket: EmbeddedBucket
) -> None:
    s3.put_bucket_acl(Bucket=own_bucket, ACL="public-read")
    s3.put_object(Bucket=own_bucket, Key="a", Body=b"")
    assert b"<Key>a</Key>" in anonymously(bucket, own_bucket).body
    assert anonymously(bucket, f"{own_bucket}/a").status == 403
    assert anonymously(bucket, f"{own_bucket}/missing").status == 404


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
def test_a_policy_opens_a_prefix(
    s3: S3Client, own_bucket: str, bucket: EmbeddedBucket, principal: object
) -> None:
    opened = statement("Allow", "s3:GetObject", f"{own_bucket}/acme/media/*", Principal=principal)
    put_policy(s3, own_bucket, opened)
    for name in ("acme/media/a", "acme/private/a"):
        s3.put_object(Bucket=own_bucket, Key=name, Body=b"")
    names = ("acme/media/a", "acme/private/a", "acme/media/missing", "")
    assert [anonymously(bucket, f"{own_bucket}/{name}").status for name in names] == [
        200,
        403,
        403,
        403,
    ]


def test_a_policy_never_opens_writing(
    s3: S3Client, own_bucket: str, bucket: EmbeddedBucket
) -> None:
    put_policy(s3, own_bucket, statement("Allow", "s3:*", f"{own_bucket}/*"))
    assert send("PUT", f"{bucket.endpoint_url}/{own_bucket}/a", body=b"").status == 403


def test_a_wildcard_crosses_slashes(s3: S3Client, own_bucket: str, bucket: EmbeddedBucket) -> None:
    put_policy(s3, own_bucket, statement("Allow", "s3:Get*", f"{own_bucket}/*/media/*"))
    s3.put_object(Bucket=own_bucket, Key="acme/private/media/secret", Body=b"")
    assert anonymously(bucket, f"{own_bucket}/acme/private/media/secret").status == 200


@pytest.mark.parametrize(
    "given",
    [
        {"Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.1/32"}}},
        {"Principal": {"AWS": "arn:aws:iam:::user/gateway"}},
    ],
    ids=["condition", "somebody"],
)
def test_an_allow_it_cannot_judge_opens_nothing(
    s3: S3Client, own_bucket: str, bucket: EmbeddedBucket, given: dict[str, Any]
) -> None:
    put_policy(s3, own_bucket, statement("Allow", "s3:GetObject", f"{own_bucket}/*", **given))
    s3.put_object(Bucket=own_bucket, Key="a", Body=b"")
    assert anonymously(bucket, f"{own_bucket}/a").status == 403
    assert s3.get_object(Bucket=own_bucket, Key="a")["Body"].read() == b""


def test_a_deny_it_cannot_judge_is_refused(s3: S3Client, own_bucket: str) -> None:
    with pytest.raises(ClientError, match="NotImplemented"):
        put_policy(
            s3, own_bucket, statement("Deny", "s3:*", f"{own_bucket}/*", Condition={"Bool": {}})
        )


@pytest.mark.parametrize(
    "document", ["", "{}", "[]", '{"Statement": [{}]}', '{"Statement": "x"}', "nonsense"]
)
def test_a_policy_it_cannot_read_is_refused(s3: S3Client, own_bucket: str, document: str) -> None:
    with pytest.raises(ClientError, match="InvalidArgument"):
        s3.put_bucket_policy(Bucket=own_bucket, Policy=document)


@pytest.mark.bucket
@pytest.mark.parametrize(
    ("changed", "accepted"),
    [
        ({"Action": "s3:GetObjectVersion"}, True),
        ({"Action": "S3:getobject"}, True),
        ({"Action": ["s3:Get*", "*"]}, True),
        ({"Action": "s3:FlyObject"}, False),
        ({"Action": "s3:Fly*"}, False),
        ({"Action": ["s3:GetObject", "iam:GetUser"]}, False),
        ({"Foo": "bar"}, False),
    ],
    ids=str,
)
def test_a_policy_uses_words_that_are_known(
    s3: S3Client, own_bucket: str, changed: dict[str, Any], accepted: bool
) -> None:
    wanted = {**statement("Allow", "s3:GetObject", f"{own_bucket}/*"), **changed}
    if accepted:
        put_policy(s3, own_bucket, wanted)
        assert s3.get_bucket_policy(Bucket=own_bucket)["Policy"]
    else:
        with pytest.raises(ClientError, match="InvalidArgument"):
            put_policy(s3, own_bucket, wanted)


def test_a_deny_beats_acl_and_allow(s3: S3Client, own_bucket: str, bucket: EmbeddedBucket) -> None:
    s3.put_object(Bucket=own_bucket, Key="a", Body=b"", ACL="public-read")
    allow = statement("Allow", "s3:GetObject", f"{own_bucket}/*")
    put_policy(s3, own_bucket, allow, statement("Deny", "s3:GetObject", f"{own_bucket}/a"))
    assert anonymously(bucket, f"{own_bucket}/a").status == 403


def test_a_deny_binds_the_owner_as_well(s3: S3Client, own_bucket: str) -> None:
    for name in ("keep/a", "b"):
        s3.put_object(Bucket=own_bucket, Key=name, Body=b"")
    put_policy(s3, own_bucket, statement("Deny", "s3:DeleteObject", f"{own_bucket}/keep/*"))
    wanted: Any = {"Objects": [{"Key": "keep/a"}, {"Key": "b"}]}
    answer = s3.delete_objects(Bucket=own_bucket, Delete=wanted)
    assert [each["Key"] for each in answer["Errors"]] == ["keep/a"]
    assert [each["Key"] for each in answer["Deleted"]] == ["b"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=own_bucket, Key="keep/a")


def test_a_denied_object_cannot_be_copied(s3: S3Client, own_bucket: str) -> None:
    s3.put_object(Bucket=own_bucket, Key="a", Body=b"")
    put_policy(s3, own_bucket, statement("Deny", "s3:GetObject", f"{own_bucket}/a"))
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.copy_object(Bucket=own_bucket, Key="b", CopySource={"Bucket": own_bucket, "Key": "a"})


def test_the_owner_can_take_back_any_policy(s3: S3Client, own_bucket: str) -> None:
    put_policy(
        s3,
        own_bucket,
        statement("Deny", "*", f"{own_bucket}/*"),
        statement("Deny", "s3:*", own_bucket),
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket=own_bucket)
    assert "Deny" in s3.get_bucket_policy(Bucket=own_bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=own_bucket)
    assert s3.list_objects_v2(Bucket=own_bucket)["KeyCount"] == 0


def test_moto_cannot_be_told_about_another_account(bucket: EmbeddedBucket, key: str) -> None:
    headers = signed(bucket, "GET", f"/demo/{key}", headers={"x-moto-account-id": "999999999999"})
    assert send("GET", f"{bucket.endpoint_url}/demo/{key}", headers=headers).status == 200
