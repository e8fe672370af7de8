"""What Ceph RGW refuses, overlooks and leaves out, as it was seen on release 16."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.gateway.demo.bucket.conftest import S3Client

OF_RGW = pytest.mark.bucket
NEVER = '"00000000000000000000000000000000"'


def cors_of(*origins: list[str]) -> Any:
    return {"CORSRules": [{"AllowedOrigins": each, "AllowedMethods": ["GET"]} for each in origins]}


def finished(s3: S3Client, bucket: str, key: str, **given: Any) -> Any:
    upload = {"Bucket": bucket, "Key": key}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"part")["ETag"]
    parts = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
    return s3.complete_multipart_upload(**upload, MultipartUpload=parts, **given)


@OF_RGW
def test_a_bucket_has_100_cors_rules(s3: S3Client, own_bucket: str) -> None:
    origins = [[f"https://{number}.example"] for number in range(101)]
    s3.put_bucket_cors(Bucket=own_bucket, CORSConfiguration=cors_of(*origins[:100]))
    with pytest.raises(ClientError, match="InvalidRequest"):
        s3.put_bucket_cors(Bucket=own_bucket, CORSConfiguration=cors_of(*origins))
    assert len(s3.get_bucket_cors(Bucket=own_bucket)["CORSRules"]) == 100


@OF_RGW
def test_one_cors_rule_has_thousands_of_origins(s3: S3Client, own_bucket: str) -> None:
    origins = [f"https://{number}.example" for number in range(5000)]
    s3.put_bucket_cors(Bucket=own_bucket, CORSConfiguration=cors_of(origins))
    (found,) = s3.get_bucket_cors(Bucket=own_bucket)["CORSRules"]
    assert sorted(found["AllowedOrigins"]) == sorted(origins)


@OF_RGW
def test_an_origin_has_one_star(s3: S3Client, own_bucket: str) -> None:
    with pytest.raises(ClientError, match="MalformedXML"):
        s3.put_bucket_cors(
            Bucket=own_bucket, CORSConfiguration=cors_of(["https://*.acme.*.example"])
        )


@OF_RGW
def test_a_cors_rule_names_methods_that_exist(s3: S3Client, own_bucket: str) -> None:
    (wanted,) = cors_of(["*"])["CORSRules"]
    rules = [{**wanted, "AllowedMethods": ["GET", "OPTIONS"]}]
    with pytest.raises(ClientError, match="MalformedXML"):
        s3.put_bucket_cors(Bucket=own_bucket, CORSConfiguration={"CORSRules": rules})


@OF_RGW
def test_an_object_has_ten_tags(s3: S3Client, key: str) -> None:
    tags = [{"Key": str(number), "Value": "v"} for number in range(11)]
    s3.put_object_tagging(Bucket="demo", Key=key, Tagging={"TagSet": tags[:10]})
    with pytest.raises(ClientError, match="InvalidTag"):
        s3.put_object_tagging(Bucket="demo", Key=key, Tagging={"TagSet": tags})


@OF_RGW
def test_an_object_is_not_stored_with_eleven_tags(s3: S3Client, prefix: str) -> None:
    tags = "&".join(f"{number}=v" for number in range(11))
    with pytest.raises(ClientError, match="InvalidArgument"):
        s3.put_object(Bucket="demo", Key=f"{prefix}a", Body=b"", Tagging=tags)


@OF_RGW
def test_metadata_has_an_end(s3: S3Client, prefix: str) -> None:
    s3.put_object(Bucket="demo", Key=f"{prefix}a", Body=b"", Metadata={"a": "x" * 8000})
    with pytest.raises(ClientError, match=r"400|MetadataTooLarge"):
        s3.put_object(Bucket="demo", Key=f"{prefix}b", Body=b"", Metadata={"a": "x" * 30_000})


@OF_RGW
def test_if_match_knows_no_etag_in_quotes(s3: S3Client, key: str) -> None:
    etag = s3.head_object(Bucket="demo", Key=key)["ETag"]
    s3.put_object(Bucket="demo", Key=key, Body=b"content", IfMatch=etag.strip('"'))
    for name, given in ((key, etag), (f"{key}-missing", etag.strip('"'))):
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.put_object(Bucket="demo", Key=name, Body=b"other", IfMatch=given)


@OF_RGW
def test_a_finished_upload_overwrites_whatever_its_condition(s3: S3Client, own_bucket: str) -> None:
    s3.put_object(Bucket=own_bucket, Key="a", Body=b"content")
    finished(s3, own_bucket, "a", IfNoneMatch="*")
    assert s3.get_object(Bucket=own_bucket, Key="a")["Body"].read() == b"part"


@OF_RGW
def test_the_etag_of_a_finished_upload_is_in_its_head_only(s3: S3Client, own_bucket: str) -> None:
    assert finished(s3, own_bucket, "a").get("ETag", "").strip('"') == ""
    assert s3.head_object(Bucket=own_bucket, Key="a")["ETag"].endswith('-1"')


@OF_RGW
def test_an_upload_is_finished_with_all_its_parts(s3: S3Client, own_bucket: str) -> None:
    upload = {"Bucket": own_bucket, "Key": "a"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    tags = [s3.upload_part(**upload, PartNumber=n, Body=b"part")["ETag"] for n in (1, 2)]
    with pytest.raises(ClientError, match="InvalidPart"):
        s3.complete_multipart_upload(
            **upload, MultipartUpload={"Parts": [{"ETag": tags[0], "PartNumber": 1}]}
        )


@OF_RGW
def test_the_etag_of_a_copy_is_bare(s3: S3Client, key: str) -> None:
    source = {"Bucket": "demo", "Key": key}
    copied = s3.copy_object(Bucket="demo", Key=f"{key}-copy", CopySource=source)
    etag = s3.head_object(Bucket="demo", Key=key)["ETag"]
    assert copied["CopyObjectResult"]["ETag"] == etag.strip('"')


@OF_RGW
def test_deleting_overlooks_conditions(s3: S3Client, key: str) -> None:
    s3.delete_object(Bucket="demo", Key=key, IfMatch=NEVER)
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="demo", Key=key)


@OF_RGW
@pytest.mark.parametrize("condition", ["CopySourceIfMatch", "CopySourceIfNoneMatch"])
def test_copying_overlooks_conditions(s3: S3Client, key: str, condition: str) -> None:
    etag = s3.head_object(Bucket="demo", Key=key)["ETag"]
    given: Any = {condition: NEVER if condition == "CopySourceIfMatch" else etag}
    source = {"Bucket": "demo", "Key": key}
    s3.copy_object(Bucket="demo", Key=f"{key}-copy", CopySource=source, **given)
    assert s3.head_object(Bucket="demo", Key=f"{key}-copy")["ContentLength"] == 7


@OF_RGW
def test_copying_keeps_the_tags_whatever_is_asked(s3: S3Client, key: str) -> None:
    tags = [{"Key": "of", "Value": "source"}]
    s3.put_object_tagging(Bucket="demo", Key=key, Tagging={"TagSet": tags})
    wanted: Any = {"TaggingDirective": "REPLACE", "Tagging": "of=copy"}
    source = {"Bucket": "demo", "Key": key}
    s3.copy_object(Bucket="demo", Key=f"{key}-copy", CopySource=source, **wanted)
    assert s3.get_object_tagging(Bucket="demo", Key=f"{key}-copy")["TagSet"] == tags


@OF_RGW
def test_an_object_is_not_copied_onto_itself_unchanged(s3: S3Client, key: str) -> None:
    with pytest.raises(ClientError, match="InvalidRequest"):
        s3.copy_object(Bucket="demo", Key=key, CopySource={"Bucket": "demo", "Key": key})


@OF_RGW
def test_the_parts_of_an_unknown_upload_are_an_unknown_key(s3: S3Client, prefix: str) -> None:
    upload = {"Bucket": "demo", "Key": f"{prefix}a"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    s3.abort_multipart_upload(**upload)
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.list_parts(**upload)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.abort_multipart_upload(**upload)


@OF_RGW
def test_unfinished_uploads_are_listed_in_pages(s3: S3Client, own_bucket: str) -> None:
    names = ["a/1", "a/2", "ü & <b>/+%41", "z"]
    begun = [(n, s3.create_multipart_upload(Bucket=own_bucket, Key=n)["UploadId"]) for n in names]
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=own_bucket, PaginationConfig={"PageSize": 2}
    )
    listed = [each for page in pages for each in page["Uploads"]]
    assert {(each["Key"], each["UploadId"]) for each in listed} == set(begun)
    assert len(listed) == 4
    ages = [datetime.now(UTC) - each["Initiated"] for each in listed]
    assert max(ages) < timedelta(minutes=5)


@OF_RGW
def test_a_delimiter_hides_uploads(s3: S3Client, own_bucket: str) -> None:
    for name in ("a/1", "b"):
        s3.create_multipart_upload(Bucket=own_bucket, Key=name)
    found = s3.list_multipart_uploads(Bucket=own_bucket, Delimiter="/")
    assert [each["Key"] for each in found["Uploads"]] == ["b"]
    assert "CommonPrefixes" not in found


@OF_RGW
def test_versions_stay_until_each_is_deleted(s3: S3Client, own_bucket: str) -> None:
    assert "Status" not in s3.get_bucket_versioning(Bucket=own_bucket)
    enabled = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket=own_bucket, VersioningConfiguration=enabled)
    assert s3.get_bucket_versioning(Bucket=own_bucket)["Status"] == "Enabled"
    s3.put_object(Bucket=own_bucket, Key="a", Body=b"content")
    s3.delete_object(Bucket=own_bucket, Key="a")
    found = s3.list_object_versions(Bucket=own_bucket)
    assert (len(found["Versions"]), len(found["DeleteMarkers"])) == (1, 1)
    for each in (*found["Versions"], *found["DeleteMarkers"]):
        s3.delete_object(Bucket=own_bucket, Key="a", VersionId=each["VersionId"])
    assert not {"Versions", "DeleteMarkers"} & set(s3.list_object_versions(Bucket=own_bucket))


# Not with SigV2: boto leaves this question out of what it signs.
def test_a_bucket_says_whether_it_locks_objects(s3: S3Client, own_bucket: str) -> None:
    locking = f"{own_bucket}-lock"
    s3.create_bucket(Bucket=locking, ObjectLockEnabledForBucket=True)
    found = s3.get_object_lock_configuration(Bucket=locking)["ObjectLockConfiguration"]
    assert found["ObjectLockEnabled"] == "Enabled"
    assert s3.get_bucket_versioning(Bucket=locking)["Status"] == "Enabled"
    with pytest.raises(ClientError, match="ObjectLockConfigurationNotFoundError"):
        s3.get_object_lock_configuration(Bucket=own_bucket)
