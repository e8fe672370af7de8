"""What our client adds: a signed Content-MD5 where servers ask for one, and the document behind an answer."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.conf import settings

from media_core.bucket.client import get_anonymous_client, get_bucket_client
from media_core.bucket.hooks import NEED_MD5
from tests.media_core.bucket.conftest import (
    THEIR_CORS,
    THEIR_LIFECYCLE,
    THEIR_POLICY,
    at,
    bare_bucket,
    own_prefix,
    set_cors,
    set_lifecycle,
    set_policy,
)
from tests.wire import bucket_requests

__all__ = ["bare_bucket", "own_prefix"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bare_bucket")]


def delete_two() -> None:
    get_bucket_client().delete_objects(
        Bucket=settings.BUCKET_NAME, Delete={"Objects": [{"Key": "no/1"}, {"Key": "no/2"}]}
    )


CALLS: dict[str, Callable[[], None]] = {
    "DeleteObjects": delete_two,
    "PutBucketCors": lambda: set_cors(THEIR_CORS),
    "PutBucketLifecycleConfiguration": lambda: set_lifecycle(THEIR_LIFECYCLE),
    "PutBucketPolicy": lambda: set_policy(THEIR_POLICY),
}


@pytest.mark.bucket
@pytest.mark.parametrize("operation", NEED_MD5)
def test_the_body_has_a_signed_md5_and_the_bucket_takes_it(operation: str):
    with bucket_requests() as sent:
        CALLS[operation]()
    (request,) = sent
    body = request.body if isinstance(request.body, bytes) else request.body.read()
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest())
    assert request.headers["Content-MD5"] in {digest, digest.decode()}
    signed = request.headers["Authorization"]
    # SigV2 has no list of what is signed: this header always is.
    assert b"content-md5" in signed or signed.startswith(b"AWS ")


def test_a_wrong_md5_is_refused_so_it_is_looked_at():
    def spoil(params: dict[str, Any], **_given: Any) -> None:
        params["headers"]["Content-MD5"] = base64.b64encode(b"0" * 16).decode()

    with (
        at("before-call.s3.PutBucketPolicy", spoil),
        pytest.raises(ClientError, match="BadDigest"),
    ):
        set_policy(THEIR_POLICY)


def test_other_requests_have_none():
    with bucket_requests() as sent:
        get_bucket_client().put_object(Bucket=settings.BUCKET_NAME, Key="md5/none", Body=b"x")
        get_bucket_client().delete_object(Bucket=settings.BUCKET_NAME, Key="md5/none")
    assert not [request for request in sent if "Content-MD5" in request.headers]


@pytest.mark.bucket
def test_a_configuration_comes_with_its_document():
    set_cors(THEIR_CORS)
    answer: Any = get_bucket_client().get_bucket_cors(Bucket=settings.BUCKET_NAME)
    assert answer["Document"].count(b"</AllowedOrigin>") == 3


def test_a_stranger_gets_the_same_refusal_as_before():
    with pytest.raises(ClientError, match="AccessDenied") as refused:
        get_anonymous_client().get_bucket_cors(Bucket=settings.BUCKET_NAME)
    assert settings.BUCKET_SECRET_KEY not in json.dumps(refused.value.response, default=str)
