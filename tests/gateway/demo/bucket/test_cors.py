"""CORS: the rules of the bucket, and nothing else, open it to the pages of other origins."""

from typing import Any

import pytest

from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
from tests.gateway.demo.bucket.conftest import S3Client
from tests.gateway.demo.bucket.wire import Answer, send

ORIGIN = {"Origin": "https://acme.example"}
PREFLIGHT = {**ORIGIN, "Access-Control-Request-Method": "POST"}


def ask(bucket: EmbeddedBucket, path: str, method: str = "GET", **headers: str) -> Answer:
    return send(method, f"{bucket.endpoint_url}/{path}", headers=headers)


@pytest.fixture
def cors_bucket(s3: S3Client, own_bucket: str) -> str:
    rules: Any = [
        {"AllowedOrigins": ["https://*.globex.example"], "AllowedMethods": ["GET"]},
        {
            "AllowedOrigins": ["https://acme.example"],
            "AllowedMethods": ["POST", "GET"],
            "AllowedHeaders": ["Content-*"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 600,
        },
    ]
    s3.put_bucket_cors(Bucket=own_bucket, CORSConfiguration={"CORSRules": rules})
    return own_bucket


def test_a_preflight_answers_with_the_rule(cors_bucket: str, bucket: EmbeddedBucket) -> None:
    headers = {**PREFLIGHT, "Access-Control-Request-Headers": "content-type"}
    answer = ask(bucket, f"{cors_bucket}/a", "OPTIONS", **headers)
    assert answer.status == 200
    found = {
        name.removeprefix("Access-Control-"): answer.headers[name]
        for name in answer.headers
        if "Access" in name
    }
    assert found == {
        "Allow-Origin": "https://acme.example",
        "Allow-Methods": "POST",
        "Allow-Headers": "content-type",
        "Expose-Headers": "ETag",
        "Max-Age": "600",
    }
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://acme.example"}, 403),
        ({"Origin": "https://globex.example"}, 403),
        ({"Access-Control-Request-Method": "PUT"}, 403),
        ({"Access-Control-Request-Headers": "authorization"}, 403),
        ({"Access-Control-Request-Method": ""}, 400),
        ({"Origin": "https://a.globex.example", "Access-Control-Request-Method": "GET"}, 200),
    ],
    ids=str,
)
def test_a_preflight_outside_the_rules_is_refused(
    cors_bucket: str, bucket: EmbeddedBucket, headers: dict[str, str], status: int
) -> None:
    answer = ask(bucket, f"{cors_bucket}/a", "OPTIONS", **{**PREFLIGHT, **headers})
    assert answer.status == status
    assert ("Access-Control-Allow-Origin" in answer.headers) == (status == 200)


def test_a_bucket_without_rules_answers_no_origin(bucket: EmbeddedBucket, key: str) -> None:
    assert ask(bucket, f"demo/{key}", "OPTIONS", **PREFLIGHT).status == 403
    answer = ask(bucket, f"demo/{key}", **ORIGIN)
    assert (answer.status, "Access-Control-Allow-Origin" in answer.headers) == (403, False)


def test_refusals_carry_the_cors_headers_too(cors_bucket: str, bucket: EmbeddedBucket) -> None:
    answer = ask(bucket, f"{cors_bucket}/a", **ORIGIN)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (
        403,
        "https://acme.example",
    )
