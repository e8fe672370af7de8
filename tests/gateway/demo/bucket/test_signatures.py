"""Who is believed: signatures in the Authorization header, and headers nobody signed."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
from tests.gateway.demo.bucket.conftest import Connect, S3Client
from tests.gateway.demo.bucket.wire import Answer, send, signed

VERSIONS = pytest.mark.parametrize("version", ["s3v4", "s3"])
UNSIGNED = "UNSIGNED-PAYLOAD"


@pytest.fixture
def ask(bucket: EmbeddedBucket) -> Callable[..., Answer]:
    """Send a request signed in the header, with headers added or changed after signing."""

    def send_signed(
        method: str,
        path: str,
        *,
        body: bytes = b"",
        added: dict[str, str] | None = None,
        **given: Any,
    ) -> Answer:
        proof = signed(bucket, method, path, body=body, **given)
        return send(
            method, bucket.endpoint_url + path, body=body, headers={**proof, **(added or {})}
        )

    return send_signed


def refusal(client: S3Client, **given: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        client.get_object(Bucket="demo", **given)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@VERSIONS
def test_refuses_an_unknown_access_key(connect: Connect, key: str, version: str) -> None:
    stranger = connect(version, aws_access_key_id="STRANGER")
    assert refusal(stranger, Key=key) == (403, "InvalidAccessKeyId")


@VERSIONS
def test_refuses_a_wrong_secret(connect: Connect, key: str, version: str) -> None:
    thief = connect(version, aws_secret_access_key="guessed")
    assert refusal(thief, Key=key) == (403, "SignatureDoesNotMatch")


@VERSIONS
def test_tells_the_owner_that_a_key_is_missing(connect: Connect, version: str) -> None:
    assert refusal(connect(version), Key="missing") == (404, "NoSuchKey")


def test_refuses_another_region(connect: Connect, key: str) -> None:
    assert refusal(connect(region_name="nbg1"), Key=key) == (400, "AuthorizationHeaderMalformed")


@pytest.mark.parametrize("hours", [-1, 1])
def test_refuses_a_clock_that_is_an_hour_off(
    connect: Connect, key: str, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime.now(UTC) + timedelta(hours=hours)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: moment)
    monkeypatch.setattr("botocore.auth.formatdate", lambda usegmt: format_datetime(moment, usegmt))
    for version in ("s3v4", "s3"):
        assert refusal(connect(version), Key=key) == (403, "RequestTimeTooSkewed")


def test_refuses_a_session_token(connect: Connect, key: str) -> None:
    assert refusal(connect(aws_session_token="token"), Key=key) == (400, "InvalidToken")


def test_refuses_a_body_that_was_changed(
    ask: Callable[..., Answer], bucket: EmbeddedBucket
) -> None:
    proof = signed(bucket, "PUT", "/demo/changed", body=b"mine")
    answer = send("PUT", f"{bucket.endpoint_url}/demo/changed", body=b"evil", headers=proof)
    assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch")
    assert ask("GET", "/demo/changed").status == 404


def test_refuses_a_body_that_differs_from_its_md5(ask: Callable[..., Answer]) -> None:
    answer = ask(
        "PUT", "/demo/md5", body=b"bytes", headers={"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
    )
    assert (answer.status, answer.code) == (400, "BadDigest")


def test_takes_an_unsigned_payload(ask: Callable[..., Answer], prefix: str) -> None:
    assert ask("PUT", f"/demo/{prefix}a", body=b"bytes", payload=UNSIGNED).status == 200


@pytest.mark.parametrize(
    "kind", ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"]
)
def test_refuses_aws_chunked_bodies_like_rgw_over_tls(
    ask: Callable[..., Answer], kind: str
) -> None:
    answer = ask("PUT", "/demo/chunked", body=b"0\r\n\r\n", payload=kind)
    assert (answer.status, answer.code) == (411, "MissingContentLength")


def test_refuses_a_body_of_unknown_length(bucket: EmbeddedBucket) -> None:
    proof = {**signed(bucket, "PUT", "/demo/a", payload=UNSIGNED), "Transfer-Encoding": "chunked"}
    proof.pop("Content-Length", None)
    url = f"{bucket.endpoint_url}/demo/a"
    answer = send("PUT", url, body=None, headers=proof)
    assert (answer.status, answer.code) == (411, "MissingContentLength")


@pytest.mark.parametrize(
    "header",
    ["x-amz-copy-source", "X-Amz-Acl", "x-amz-meta-owner", "x-amz-meta_owner", "x-amz-new"],
)
def test_refuses_an_amz_header_added_after_signing(ask: Callable[..., Answer], header: str) -> None:
    answer = ask("PUT", "/demo/added", payload=UNSIGNED, added={header: "/demo/secret"})
    assert (answer.status, answer.code) == (403, "AccessDenied")


def test_an_underscore_does_not_smuggle_a_header(
    bucket: EmbeddedBucket, s3: S3Client, key: str, prefix: str
) -> None:
    path = f"/demo/{prefix}b"
    proof = {**signed(bucket, "PUT", path, payload=UNSIGNED), "x_amz_copy_source": f"/demo/{key}"}
    send("PUT", bucket.endpoint_url + path, body=b"", headers=proof)
    assert s3.head_object(Bucket="demo", Key=f"{prefix}b")["ContentLength"] == 0


def test_a_plain_header_is_not_taken_for_a_parameter(ask: Callable[..., Answer], key: str) -> None:
    answer = ask("GET", f"/demo/{key}", added={"response-content-type": "text/html"})
    assert answer.headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize(
    "change",
    [
        (r"Signature=\w", "Signature=x"),
        ("Signature=", "Signature=00"),
        ("aws4_request", "aws5_request"),
        ("/s3/", "/sqs/"),
        (r"Credential=\w+/\d", "Credential=STRANGER/3"),
        ("host;", ""),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"),
        (".+", "Bearer token"),
        (".+", "AWS only-half"),
        (".+", ""),
    ],
    ids=str,
)
def test_refuses_a_changed_authorization(
    bucket: EmbeddedBucket, key: str, change: tuple[str, str]
) -> None:
    proof = signed(bucket, "GET", f"/demo/{key}")
    proof["Authorization"] = re.sub(change[0], change[1], proof["Authorization"], count=1)
    assert send("GET", f"{bucket.endpoint_url}/demo/{key}", headers=proof).status in {400, 403}


def test_refuses_two_ways_of_signing_at_once(
    bucket: EmbeddedBucket, connect: Connect, key: str
) -> None:
    url = connect("s3v4", "path").generate_presigned_url(
        "get_object", Params={"Bucket": "demo", "Key": key}
    )
    answer = send("GET", url, headers=signed(bucket, "GET", f"/demo/{key}"))
    assert (answer.status, answer.code) == (400, "InvalidArgument")


def test_signed_errors_are_xml(ask: Callable[..., Answer]) -> None:
    answer = ask("GET", "/demo/missing")
    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.body.lstrip().startswith((b"<?xml", b"<Error"))


def test_an_error_on_head_has_no_body(ask: Callable[..., Answer]) -> None:
    answer = ask("HEAD", "/demo/missing")
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/demo/a?retention"),
        ("PUT", "/demo/a?acl&tagging"),
        ("GET", "/demo/a?attributes"),
        ("GET", "/demo?website"),
        ("PUT", "/demo?publicAccessBlock"),
        ("POST", "/demo/a?select&select-type=2"),
    ],
)
def test_refuses_what_it_does_not_do(ask: Callable[..., Answer], method: str, path: str) -> None:
    answer = ask(method, path)
    assert (answer.status, answer.code) == (501, "NotImplemented")


def test_a_failure_of_moto_is_an_s3_error(ask: Callable[..., Answer]) -> None:
    answer = ask("PUT", "/demo?lifecycle", body=b"<Unexpected/>")
    assert (answer.status, answer.code) == (500, "InternalError")


@pytest.mark.parametrize("target", ["?delete", "?lifecycle", "?cors", "/a?tagging", "?versioning"])
def test_refuses_broken_xml(ask: Callable[..., Answer], target: str) -> None:
    answer = ask("POST" if target == "?delete" else "PUT", f"/demo{target}", body=b"<Open>")
    assert (answer.status, answer.code) == (400, "MalformedXML")


@pytest.mark.parametrize(
    "headers",
    [
        {"x-amz-server-side-encryption": "AES256"},
        {"x-amz-storage-class": "GLACIER"},
        {"x-amz-object-lock-mode": "COMPLIANCE"},
        {"x-amz-acl": "everybody"},
        {"x-amz-grant-read": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'},
    ],
    ids=str,
)
def test_refuses_promises_it_would_not_keep(
    ask: Callable[..., Answer], headers: dict[str, str]
) -> None:
    assert ask("PUT", "/demo/promise", headers=headers).status in {400, 501}


def test_refuses_a_host_that_is_not_its_own(bucket: EmbeddedBucket) -> None:
    answer = send("GET", f"{bucket.endpoint_url}/demo/a", headers={"Host": "evil.example"})
    assert (answer.status, answer.code) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "target", ["/moto-api/", "/latest/meta-data/", "//demo/a", "/demo/%ff", "/Demo/a"]
)
def test_has_no_doors_but_s3(bucket: EmbeddedBucket, target: str) -> None:
    assert send("GET", bucket.endpoint_url + target).status in {400, 403, 404}
