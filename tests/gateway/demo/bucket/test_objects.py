"""What an S3 client does all day, in each signature version and addressing style."""

import io

import pytest
from botocore.exceptions import ClientError

from tests.gateway.demo.bucket.conftest import Connect, S3Client
from tests.gateway.demo.bucket.wire import Bucket, by_host

pytestmark = pytest.mark.bucket

KEYS = [
    "with space and + plus.txt",
    "100 % sure & more = less?.txt",
    "double//slash",
    "/leading",
    "trailing/",
    "Übersicht – Q3.pdf",
    "emoji 🗂️.txt",
    "nfd-u\u0308",
    "quotes\"'`;:@$,!*()[]{}|^~#\\.txt",
    "%2e%2e%2F",
    "a/../b/./c",
    "favicon.ico",
    "moto-api/reset",
    "x" * 900,
    "ü" * 450,
]


def test_stores_and_reads(object_s3: S3Client, prefix: str) -> None:
    object_s3.put_object(
        Bucket="demo",
        Key=f"{prefix}a",
        Body=b"bytes",
        ContentType="text/plain",
        Metadata={"owner": "acme"},
    )
    found = object_s3.get_object(Bucket="demo", Key=f"{prefix}a")
    assert found["Body"].read() == b"bytes"
    assert (found["ContentType"], found["Metadata"]) == ("text/plain", {"owner": "acme"})


def test_heads(object_s3: S3Client, key: str) -> None:
    assert object_s3.head_object(Bucket="demo", Key=key)["ContentLength"] == 7


def test_copies(object_s3: S3Client, key: str, prefix: str) -> None:
    object_s3.copy_object(
        Bucket="demo", Key=f"{prefix}b ü", CopySource={"Bucket": "demo", "Key": key}
    )
    assert object_s3.get_object(Bucket="demo", Key=f"{prefix}b ü")["Body"].read() == b"content"


def test_deletes(object_s3: S3Client, key: str) -> None:
    object_s3.delete_object(Bucket="demo", Key=key)
    with pytest.raises(ClientError, match="404"):
        object_s3.head_object(Bucket="demo", Key=key)


def test_lists_by_prefix(any_s3: S3Client, key: str, prefix: str) -> None:
    listed = any_s3.list_objects_v2(Bucket="demo", Prefix=prefix, Delimiter="/")
    assert [each["Key"] for each in listed["Contents"]] == [key]


def test_lists_in_pages_of_at_most_a_thousand(s3: S3Client) -> None:
    assert s3.list_objects_v2(Bucket="demo", MaxKeys=5000)["MaxKeys"] == 1000


def test_uploads_in_parts(object_s3: S3Client, prefix: str) -> None:
    content = bytes(range(256)) * 47_000
    object_s3.upload_fileobj(
        io.BytesIO(content),
        "demo",
        f"{prefix}big",
        ExtraArgs={"ContentType": "video/mp4", "Metadata": {"a": "b"}},
    )
    found = object_s3.get_object(Bucket="demo", Key=f"{prefix}big")
    assert found["Body"].read() == content
    assert (found["ContentType"], found["Metadata"]) == ("video/mp4", {"a": "b"})


def test_lists_and_aborts_uploads(any_s3: S3Client, prefix: str) -> None:
    upload = any_s3.create_multipart_upload(Bucket="demo", Key=f"{prefix}big")["UploadId"]
    listed = any_s3.list_multipart_uploads(Bucket="demo", Prefix=prefix)
    assert [each["UploadId"] for each in listed["Uploads"]] == [upload]
    any_s3.abort_multipart_upload(Bucket="demo", Key=f"{prefix}big", UploadId=upload)
    assert "Uploads" not in any_s3.list_multipart_uploads(Bucket="demo", Prefix=prefix)


def test_deletes_many_at_once(any_s3: S3Client, key: str, prefix: str) -> None:
    wanted = [key, f"{prefix}missing", f"{prefix}<&>"]
    deleted = any_s3.delete_objects(
        Bucket="demo", Delete={"Objects": [{"Key": each} for each in wanted]}
    )
    assert sorted(each["Key"] for each in deleted["Deleted"]) == sorted(wanted)


@pytest.mark.parametrize(("count", "accepted"), [(1000, True), (1001, False)])
def test_deletes_a_thousand_at_once_and_no_more(
    s3: S3Client, prefix: str, count: int, accepted: bool
) -> None:
    wanted = {"Objects": [{"Key": f"{prefix}{number}"} for number in range(count)]}
    if accepted:
        assert len(s3.delete_objects(Bucket="demo", Delete=wanted)["Deleted"]) == count
    else:
        # RGW says nothing more than that.
        with pytest.raises(ClientError, match=r"400|MalformedXML"):
            s3.delete_objects(Bucket="demo", Delete=wanted)


@pytest.mark.parametrize("name", KEYS, ids=lambda name: name[:20])
def test_takes_every_key_as_it_is(any_s3: S3Client, prefix: str, name: str) -> None:
    any_s3.put_object(Bucket="demo", Key=prefix + name, Body=name.encode())
    listed = any_s3.list_objects_v2(Bucket="demo", Prefix=prefix)
    assert [each["Key"] for each in listed["Contents"]] == [prefix + name]
    assert any_s3.get_object(Bucket="demo", Key=prefix + name)["Body"].read() == name.encode()
    any_s3.copy_object(
        Bucket="demo", Key=f"{prefix}copy", CopySource={"Bucket": "demo", "Key": prefix + name}
    )
    any_s3.delete_objects(Bucket="demo", Delete={"Objects": [{"Key": prefix + name}]})
    assert any_s3.list_objects_v2(Bucket="demo", Prefix=prefix)["KeyCount"] == 1


def test_refuses_a_key_of_more_than_1024_bytes(s3: S3Client, prefix: str) -> None:
    with pytest.raises(ClientError, match="InvalidObjectName"):
        s3.put_object(Bucket="demo", Key=prefix + "ü" * 507, Body=b"")


def test_stores_a_body_that_looks_like_a_form(s3: S3Client, prefix: str) -> None:
    s3.put_object(
        Bucket="demo",
        Key=f"{prefix}form",
        Body=b"key=other&a=b",
        ContentType="application/x-www-form-urlencoded",
    )
    assert s3.get_object(Bucket="demo", Key=f"{prefix}form")["Body"].read() == b"key=other&a=b"


def test_overwrites_only_when_allowed(s3: S3Client, key: str) -> None:
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="demo", Key=key, Body=b"other", IfNoneMatch="*")


def test_finishes_an_upload_twice_with_the_same_result(s3: S3Client, prefix: str) -> None:
    upload = {"Bucket": "demo", "Key": f"{prefix}a"}
    identity = s3.create_multipart_upload(Bucket="demo", Key=f"{prefix}a")["UploadId"]
    etag = s3.upload_part(**upload, UploadId=identity, PartNumber=1, Body=b"part")["ETag"]
    parts = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
    for _ in range(2):
        done = s3.complete_multipart_upload(**upload, UploadId=identity, MultipartUpload=parts)
    assert done["Key"] == f"{prefix}a"


def test_refuses_a_part_for_another_key(s3: S3Client, prefix: str) -> None:
    upload = s3.create_multipart_upload(Bucket="demo", Key=f"{prefix}a")["UploadId"]
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.upload_part(Bucket="demo", Key=f"{prefix}b", UploadId=upload, PartNumber=1, Body=b"")


def test_creates_a_bucket_in_its_region_only(connect: Connect, own_bucket: str) -> None:
    # In Version 2 boto and RGW do not sign a question for the region alike.
    s3 = connect("s3v4")
    assert s3.get_bucket_location(Bucket=own_bucket)["LocationConstraint"] == "fsn1"
    with pytest.raises(ClientError, match="InvalidLocationConstraint"):
        s3.create_bucket(
            Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )


def test_refuses_bucket_calls_boto_signs_wrongly(connect: Connect) -> None:
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        connect("s3", "path").list_objects_v2(Bucket="demo")


def test_reaches_path_style_by_the_name_of_the_host_too(
    connect: Connect, bucket: Bucket, key: str
) -> None:
    named = connect("s3v4", "path", endpoint_url=by_host(bucket))
    assert named.get_object(Bucket="demo", Key=key)["Body"].read() == b"content"
