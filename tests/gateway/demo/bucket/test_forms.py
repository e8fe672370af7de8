"""Browser uploads: a presigned POST stores exactly what its policy allows."""

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
from tests.gateway.demo.bucket.conftest import WAYS, Connect, S3Client

Form = Callable[..., dict[str, Any]]
ANSWERED = {"204": 204, "200": 200, "201": 201, "418": 204}


@pytest.fixture(params=WAYS)
def form(connect: Connect, prefix: str, request: pytest.FixtureRequest) -> Form:
    """Return a form for `prefix/new` of exactly this type and 1 to 100 bytes."""

    def presign(name: str = "new", seconds: int = 60, **fields: str) -> dict[str, Any]:
        wanted = {"Content-Type": "image/png", **fields}
        conditions = [
            *({field: value} for field, value in wanted.items()),
            ["content-length-range", 1, 100],
        ]
        client = connect(*WAYS[request.param])
        made: dict[str, Any] = client.generate_presigned_post(
            "demo", prefix + name, wanted, conditions, seconds
        )
        return made

    return presign


def post(
    form: dict[str, Any], content: bytes = b"bytes", filename: str = "a.png", **changed: Any
) -> requests.Response:
    fields = {
        **form["fields"],
        **{name.replace("__", "-"): value for name, value in changed.items()},
    }
    data = {name: value for name, value in fields.items() if value is not None}
    return requests.post(
        form["url"],
        data=data,
        files={"file": (filename, content)},
        timeout=60,
        allow_redirects=False,
    )


def exists(s3: S3Client, prefix: str) -> bool:
    return bool(s3.list_objects_v2(Bucket="demo", Prefix=prefix)["KeyCount"])


def outcome(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.text.partition("<Code>")[2].partition("</Code>")[0]


@pytest.mark.bucket
def test_stores_the_file(form: Form, s3: S3Client, prefix: str) -> None:
    assert post(form(), b"the file").status_code == 204
    found = s3.get_object(Bucket="demo", Key=f"{prefix}new")
    assert (found["Body"].read(), found["ContentType"]) == (b"the file", "image/png")


@pytest.mark.bucket
def test_stores_metadata_and_acl(
    form: Form, s3: S3Client, prefix: str, bucket: EmbeddedBucket
) -> None:
    assert post(form(**{"x-amz-meta-owner": "acme", "acl": "public-read"})).ok
    assert s3.head_object(Bucket="demo", Key=f"{prefix}new")["Metadata"] == {"owner": "acme"}
    assert requests.get(f"{bucket.endpoint_url}/demo/{prefix}new", timeout=60).content == b"bytes"


@pytest.mark.bucket
@pytest.mark.parametrize("status", ANSWERED)
def test_answers_as_asked(form: Form, status: str) -> None:
    answer = post(form(success_action_status=status))
    assert answer.status_code == ANSWERED[status]
    assert ("<PostResponse>" in answer.text) == (status == "201")


@pytest.mark.bucket
def test_redirects_as_asked(form: Form, prefix: str) -> None:
    answer = post(form(success_action_redirect="https://acme.example/done"))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("https://acme.example/done?bucket=demo&key=")


def test_redirects_to_an_address_with_a_query_where_rgw_writes_a_second_one(form: Form) -> None:
    answer = post(form(success_action_redirect="https://acme.example/done?a=b"))
    assert answer.headers["Location"].startswith("https://acme.example/done?a=b&bucket=demo&key=")


def test_tells_no_etag_as_rgw_tells_none(form: Form) -> None:
    assert "ETag" not in post(form()).headers


@pytest.mark.bucket
def test_replaces_the_file_name(form: Form, s3: S3Client, prefix: str) -> None:
    assert post(form("${filename}"), filename="Ü.png").status_code == 204
    assert exists(s3, f"{prefix}Ü.png")


def test_does_not_store_what_rgw_drops(form: Form, s3: S3Client, prefix: str) -> None:
    assert post(form(**{"Content-Disposition": "attachment"})).status_code == 204
    assert "ContentDisposition" not in s3.head_object(Bucket="demo", Key=f"{prefix}new")


@pytest.mark.bucket
@pytest.mark.parametrize(("size", "code"), [(0, "EntityTooSmall"), (101, "EntityTooLarge")])
def test_refuses_another_size(form: Form, s3: S3Client, prefix: str, size: int, code: str) -> None:
    assert outcome(post(form(), b"x" * size)) == (400, code)
    assert not exists(s3, prefix)


@pytest.mark.bucket
@pytest.mark.parametrize(
    "changed",
    [
        {"key": "elsewhere"},
        {"Content__Type": "text/html"},
        {"Content__Type": None},
        {"acl": "public-read"},
        {"x__amz__meta__owner": "me"},
        {"x__amz__copy__source": "/demo/secret"},
        {"tagging": "<Tagging/>"},
        {"policy": None},
        {
            "policy": base64.b64encode(
                json.dumps({"expiration": "2999-01-01T00:00:00Z", "conditions": []}).encode()
            ).decode()
        },
    ],
    ids=str,
)
def test_refuses_a_changed_form(
    form: Form, s3: S3Client, prefix: str, changed: dict[str, Any]
) -> None:
    assert outcome(post(form(), **changed)) == (403, "AccessDenied")
    assert not exists(s3, prefix)


@pytest.mark.bucket
def test_refuses_a_tampered_signature(form: Form, s3: S3Client, prefix: str) -> None:
    made = form()
    name = "x-amz-signature" if "x-amz-signature" in made["fields"] else "signature"
    made["fields"][name] = "0" + made["fields"][name][1:] if made["fields"][name][0] != "0" else "1"
    assert outcome(post(made)) == (403, "AccessDenied")
    made["fields"].pop(name)
    assert outcome(post(made))[0] in {400, 403}
    assert not exists(s3, prefix)


def test_refuses_a_field_that_names_another_bucket_where_rgw_overlooks_it(form: Form) -> None:
    assert outcome(post(form(), bucket="other")) == (403, "AccessDenied")


@pytest.mark.bucket
def test_refuses_an_expired_policy(form: Form) -> None:
    assert outcome(post(form(seconds=-1))) == (403, "AccessDenied")


@pytest.mark.bucket
@pytest.mark.parametrize(
    "policy",
    [
        b"nonsense",
        b'{"conditions": []}',
        b'{"expiration": "2999-01-01T00:00:00Z", "conditions": [["foo", "bar"]]}',
    ],
)
def test_refuses_a_policy_it_cannot_read(connect: Connect, policy: bytes) -> None:
    made = connect("s3", "path").generate_presigned_post("demo", "new")
    text = base64.b64encode(policy)
    secret = connect("s3", "path")._request_signer._credentials.secret_key
    made["fields"]["policy"] = text.decode()
    signature = hmac.digest(secret.encode(), text, "sha1")
    made["fields"]["signature"] = base64.b64encode(signature).decode()
    assert outcome(post(made)) == (400, "InvalidArgument")


@pytest.mark.bucket
def test_refuses_another_bucket(form: Form, own_bucket: str) -> None:
    made = form()
    made["url"] = made["url"].replace("demo.", f"{own_bucket}.").replace("/demo", f"/{own_bucket}")
    assert outcome(post(made)) == (403, "AccessDenied")


@pytest.mark.bucket
@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_refuses_strange_keys(connect: Connect, version: str) -> None:
    stranger = connect(version, aws_access_key_id="STRANGER").generate_presigned_post("demo", "a")
    # RGW says AccessDenied here, and InvalidAccessKeyId everywhere else.
    assert outcome(post(stranger))[0] == 403
    thief = connect(version, aws_secret_access_key="guessed").generate_presigned_post("demo", "a")
    assert outcome(post(thief)) == (403, "AccessDenied")


def test_ignores_amz_headers(form: Form, s3: S3Client, key: str, prefix: str) -> None:
    made = form()
    headers = {"x-amz-copy-source": f"/demo/{key}", "x-amz-acl": "public-read"}
    files = {"file": ("a", b"mine")}
    assert requests.post(
        made["url"], data=made["fields"], files=files, headers=headers, timeout=60
    ).ok
    assert s3.get_object(Bucket="demo", Key=f"{prefix}new")["Body"].read() == b"mine"
    assert len(s3.get_object_acl(Bucket="demo", Key=f"{prefix}new")["Grants"]) == 1


def test_refuses_the_file_before_its_fields(form: Form) -> None:
    made = form()
    parts = [
        ("file", ("a", b"bytes")),
        *((name, (None, value)) for name, value in made["fields"].items()),
    ]
    assert outcome(requests.post(made["url"], files=parts, timeout=60)) == (400, "InvalidArgument")


def test_refuses_a_field_that_comes_twice(form: Form) -> None:
    made = form()
    fields = [*made["fields"].items(), ("key", "elsewhere")]
    parts = [*((name, (None, value)) for name, value in fields), ("file", ("a", b"bytes"))]
    assert outcome(requests.post(made["url"], files=parts, timeout=60)) == (400, "InvalidArgument")


@pytest.mark.parametrize("body", [b"", b"nonsense", b"--x\r\n\r\n", b"--x--"])
def test_refuses_what_is_no_form(bucket: EmbeddedBucket, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = requests.post(f"{bucket.endpoint_url}/demo", data=body, headers=headers, timeout=60)
    assert outcome(answer) == (400, "MalformedPOSTRequest")


@pytest.mark.bucket
@pytest.mark.parametrize(("key", "status"), [("room/a", 204), ("elsewhere/a", 403)])
def test_keeps_a_form_inside_its_prefix(s3: S3Client, prefix: str, key: str, status: int) -> None:
    # boto makes `starts-with` of a key that ends in `${filename}`.
    made = s3.generate_presigned_post("demo", f"{prefix}room/${{filename}}")
    assert post(made, key=f"{prefix}{key}").status_code == status
