"""Presigned URLs: what they open, when they end, and that nothing in them can be changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.demo.bucket.conftest import WAYS, Connect, S3Client
from tests.gateway.demo.bucket.wire import Answer, send

NAME = "Übersicht – Q3 + 50%.pdf"
SECRET = b"the only content this name has"


@pytest.fixture(scope="session", params=WAYS)
def signer(connect: Connect, request: pytest.FixtureRequest) -> S3Client:
    return connect(*WAYS[request.param])


def url_of(
    client: S3Client, key: str, method: str = "get_object", seconds: int = 60, **given: Any
) -> str:
    wanted = {"Bucket": "demo", "Key": key, **given}
    url: str = client.generate_presigned_url(method, Params=wanted, ExpiresIn=seconds)
    return url


def outcome(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.code


@pytest.mark.bucket
def test_get_opens_the_object(signer: S3Client, key: str) -> None:
    answer = send("GET", url_of(signer, key))
    assert (answer.status, answer.body) == (200, b"content")


@pytest.mark.bucket
def test_get_opens_odd_names(signer: S3Client, s3: S3Client, prefix: str) -> None:
    s3.put_object(Bucket="demo", Key=prefix + NAME, Body=SECRET)
    assert send("GET", url_of(signer, prefix + NAME)).body == SECRET


@pytest.mark.bucket
def test_head_has_the_size_and_no_body(signer: S3Client, key: str) -> None:
    answer = send("HEAD", url_of(signer, key, "head_object"))
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, "7", b"")


@pytest.mark.bucket
def test_put_stores(signer: S3Client, s3: S3Client, prefix: str) -> None:
    assert send("PUT", url_of(signer, f"{prefix}b", "put_object"), body=b"put").status == 200
    assert s3.get_object(Bucket="demo", Key=f"{prefix}b")["Body"].read() == b"put"


@pytest.mark.bucket
def test_a_part_can_be_presigned(signer: S3Client, s3: S3Client, prefix: str) -> None:
    upload = s3.create_multipart_upload(Bucket="demo", Key=f"{prefix}b")["UploadId"]
    url = url_of(signer, f"{prefix}b", "upload_part", UploadId=upload, PartNumber=1)
    assert send("PUT", url, body=b"part").headers["ETag"]


@pytest.mark.bucket
def test_the_signed_url_chooses_response_headers(signer: S3Client, key: str) -> None:
    chosen: Any = {
        "ResponseContentType": "image/png",
        "ResponseContentDisposition": "attachment; filename*=UTF-8''%C3%9C.png",
        "ResponseCacheControl": "private, no-store",
    }
    headers = send("GET", url_of(signer, key, **chosen)).headers
    found = [headers[name] for name in ("Content-Type", "Content-Disposition", "Cache-Control")]
    assert found == list(chosen.values())


@pytest.mark.bucket
def test_a_range_gives_a_part(signer: S3Client, key: str) -> None:
    answer = send("GET", url_of(signer, key), headers={"Range": "bytes=1-3"})
    assert (answer.status, answer.body) == (206, b"ont")
    assert answer.headers["Content-Range"] == "bytes 1-3/7"


@pytest.mark.bucket
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_range_outside_gives_416(signer: S3Client, key: str, method: str) -> None:
    url = url_of(signer, key, f"{method.lower()}_object")
    assert send(method, url, headers={"Range": "bytes=7-9"}).status == 416


@pytest.mark.bucket
def test_a_known_etag_gives_304(signer: S3Client, s3: S3Client, key: str) -> None:
    etag = s3.head_object(Bucket="demo", Key=key)["ETag"]
    answer = send("GET", url_of(signer, key), headers={"If-None-Match": etag})
    assert (answer.status, answer.body) == (304, b"")


@pytest.mark.bucket
def test_a_missing_object_is_404(signer: S3Client) -> None:
    assert outcome(send("GET", url_of(signer, "missing"))) == (404, "NoSuchKey")


@pytest.mark.bucket
@pytest.mark.parametrize("seconds", [0, -1, -3600])
def test_ends_at_its_expiry(signer: S3Client, key: str, seconds: int) -> None:
    assert outcome(send("GET", url_of(signer, key, seconds=seconds))) == (403, "AccessDenied")


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_sigv4_ends_at_its_expiry(
    connect: Connect, key: str, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = datetime.now(UTC) - timedelta(seconds=61)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: earlier)
    assert outcome(send("GET", url_of(connect("s3v4", style), key))) == (403, "AccessDenied")
    assert send("GET", url_of(connect("s3v4", style), key, seconds=3600)).status == 200


def test_sigv4_does_not_begin_in_the_future(
    connect: Connect, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: later)
    assert outcome(send("GET", url_of(connect(), key))) == (403, "AccessDenied")


@pytest.mark.bucket
@pytest.mark.parametrize(("seconds", "status"), [(604_800, 200), (604_801, 403)])
def test_sigv4_lives_seven_days_at_most(
    connect: Connect, key: str, seconds: int, status: int
) -> None:
    assert send("GET", url_of(connect("s3v4"), key, seconds=seconds)).status == status


@pytest.mark.bucket
def test_refuses_a_wrong_secret(connect: Connect, key: str) -> None:
    for version in ("s3v4", "s3"):
        thief = connect(version, aws_secret_access_key="guessed")
        assert outcome(send("GET", url_of(thief, key))) == (403, "SignatureDoesNotMatch")


@pytest.mark.bucket
def test_refuses_an_unknown_key(connect: Connect, key: str) -> None:
    for version in ("s3v4", "s3"):
        stranger = connect(version, aws_access_key_id="STRANGER")
        assert outcome(send("GET", url_of(stranger, key))) == (403, "InvalidAccessKeyId")


@pytest.mark.bucket
@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
def test_refuses_another_method(signer: S3Client, key: str, method: str) -> None:
    answer = send(method, url_of(signer, key), body=b"" if method == "PUT" else None)
    assert answer.status == 403


@pytest.mark.bucket
def test_refuses_another_key(signer: S3Client, key: str) -> None:
    answer = send("GET", url_of(signer, key).replace("/a.txt", "/b.txt"))
    assert outcome(answer) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    "added", ["foo=bar", "acl", "versionId=1", "response-content-type=text/html"]
)
def test_refuses_an_added_parameter(signer: S3Client, key: str, added: str) -> None:
    assert outcome(send("GET", f"{url_of(signer, key)}&{added}")) == (403, "SignatureDoesNotMatch")


@pytest.mark.bucket
def test_refuses_a_longer_life(signer: S3Client, key: str) -> None:
    url = url_of(signer, key, seconds=-10)
    for name in ("X-Amz-Expires=", "Expires=2"):
        url = url.replace(name, f"{name}9", 1)
    assert send("GET", url).status == 403


@pytest.mark.parametrize(
    "part", ["Signature", "Date", "Expires", "SignedHeaders", "Algorithm", "Credential"]
)
def test_half_a_signature_is_not_anonymous(
    connect: Connect, s3: S3Client, prefix: str, part: str
) -> None:
    s3.put_object(Bucket="demo", Key=f"{prefix}public", Body=b"", ACL="public-read")
    head, _, query = url_of(connect(), f"{prefix}public").partition("?")
    kept = [each for each in query.split("&") if not each.startswith(f"X-Amz-{part}=")]
    assert send("GET", f"{head}?{'&'.join(kept)}").status in {400, 403}


@pytest.mark.parametrize(
    "header",
    [
        {"x-amz-copy-source": "/demo/secret"},
        {"X-Amz-Acl": "public-read"},
        {"x-amz-grant-read": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'},
        {"x-amz-meta-owner": "me"},
        {"x-amz-tagging": "a=b"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["put_object", "upload_part"])
def test_refuses_unsigned_amz_headers(
    signer: S3Client, s3: S3Client, prefix: str, method: str, header: dict[str, str]
) -> None:
    """CVE-2026-54330 and its relatives, as a patched server answers."""
    given: dict[str, Any] = {}
    if method == "upload_part":
        upload = s3.create_multipart_upload(Bucket="demo", Key=f"{prefix}b")
        given = {"UploadId": upload["UploadId"], "PartNumber": 1}
    answer = send("PUT", url_of(signer, f"{prefix}b", method, **given), body=b"", headers=header)
    assert answer.status == 403


@pytest.mark.bucket
def test_a_signed_acl_must_be_sent(connect: Connect, prefix: str) -> None:
    url = url_of(connect("s3v4"), f"{prefix}b", "put_object", ACL="public-read")
    assert outcome(send("PUT", url, body=b"")) == (403, "SignatureDoesNotMatch")
    assert send("PUT", url, body=b"", headers={"x-amz-acl": "public-read"}).status == 200


@pytest.mark.bucket
def test_a_signed_type_binds_the_upload(signer: S3Client, prefix: str) -> None:
    url = url_of(signer, f"{prefix}b", "put_object", ContentType="image/png")
    assert send("PUT", url, body=b"", headers={"Content-Type": "text/html"}).status == 403
    assert send("PUT", url, body=b"", headers={"Content-Type": "image/png"}).status == 200


@pytest.mark.bucket
def test_a_signed_length_binds_the_upload(connect: Connect, prefix: str) -> None:
    url = url_of(connect("s3v4"), f"{prefix}b", "put_object", ContentLength=5)
    assert send("PUT", url, body=b"too long").status == 403
    assert send("PUT", url, body=b"right").status == 200


@pytest.fixture(scope="module")
def odd_urls(connect: Connect, s3: S3Client) -> list[str]:
    s3.put_object(Bucket="demo", Key=f"odd/{NAME}", Body=SECRET)
    chosen = {"ResponseContentDisposition": 'attachment; filename="ü.pdf"'}
    return [url_of(connect(*way), f"odd/{NAME}", seconds=600, **chosen) for way in WAYS.values()]


@settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    way=st.integers(0, 3),
    place=st.floats(0, 1, exclude_max=True),
    character=st.integers(0x21, 0x7E),
)
def test_no_single_character_can_be_changed(
    odd_urls: list[str], way: int, place: float, character: int
) -> None:
    url = odd_urls[way]
    start = url.index("/", len("http://")) + 1
    position = start + int(place * (len(url) - start))
    answer = send("GET", f"{url[:position]}{chr(character)}{url[position + 1 :]}")
    assert answer.status in {400, 403, 404, 501} or means_the_same(answer)


def means_the_same(answer: Answer) -> bool:
    disposition = answer.headers["Content-Disposition"].encode("latin-1").decode()
    return answer.body == SECRET and disposition == 'attachment; filename="ü.pdf"'
