"""Calls that change much at once: Content-MD5 or a checksum proves their body, and other accounts make none."""

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.environment import STRANGER
from tests.gateway.demo.bucket.conftest import Connect, S3Client

PROOFS = {"content-md5", "x-amz-checksum-crc32"}
RULE = {
    "ID": "ours",
    "Filter": {"Prefix": "acme/"},
    "Status": "Enabled",
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}
ORIGINS = {"AllowedOrigins": ["https://acme.example"], "AllowedMethods": ["GET"]}
CALLS: dict[str, dict[str, Any]] = {
    "delete_objects": {"Delete": {"Objects": [{"Key": "missing"}]}},
    "put_bucket_lifecycle_configuration": {"LifecycleConfiguration": {"Rules": [RULE]}},
    "put_bucket_cors": {"CORSConfiguration": {"CORSRules": [ORIGINS]}},
    "put_bucket_policy": {"Policy": ""},
}


def policy_for(name: str) -> str:
    opened = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/acme/media/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [opened]})


@contextmanager
def proving_by(client: S3Client, kind: str) -> Iterator[list[str]]:
    """Let requests carry one kind of proof and no other; lend the names of the headers that were sent."""
    sent: list[str] = []

    def prove(request: Any, **_: Any) -> None:
        if kind == "content-md5":
            for name in [name for name in request.headers if "checksum" in name.lower()]:
                del request.headers[name]
            digest = hashlib.md5(request.data, usedforsecurity=False).digest()
            request.headers["Content-MD5"] = base64.b64encode(digest).decode()
        sent.extend(name.lower() for name in request.headers)

    client.meta.events.register("before-sign.s3", prove)
    try:
        yield sent
    finally:
        client.meta.events.unregister("before-sign.s3", prove)


@pytest.mark.bucket
@pytest.mark.parametrize("kind", sorted(PROOFS))
@pytest.mark.parametrize("call", CALLS)
def test_a_body_is_proved_in_either_way(
    s3: S3Client, own_bucket: str, call: str, kind: str
) -> None:
    given = dict(CALLS[call])
    if "Policy" in given:
        given["Policy"] = policy_for(own_bucket)
    with proving_by(s3, kind) as sent:
        answer = getattr(s3, call)(Bucket=own_bucket, **given)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] in {200, 204}
    assert PROOFS & set(sent) == {kind}


@pytest.mark.ceph
@pytest.mark.parametrize("call", ["get_object", "put_object", "delete_object", "list_objects_v2"])
def test_another_account_of_the_same_server_may_do_nothing(
    connect: Connect, key: str, call: str
) -> None:
    account = json.loads(os.environ[STRANGER])
    stranger = connect(
        aws_access_key_id=account["access_key"], aws_secret_access_key=account["secret_key"]
    )
    where = {"Bucket": "demo"} if call == "list_objects_v2" else {"Bucket": "demo", "Key": key}
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(stranger, call)(**where)
    assert stranger.list_buckets()["Buckets"] == []
