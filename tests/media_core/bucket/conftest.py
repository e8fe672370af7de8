"""A prefix of the bucket for one test, and ways to come between two requests."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.conf import settings

from media_core.bucket.client import get_bucket_client
from media_core.bucket.models import Deployment


@pytest.fixture
def own_prefix(db: None, settings: Any) -> Iterator[str]:
    """Give this test a LOCATION_PREFIX of its own; what it left there is removed."""
    settings.LOCATION_PREFIX = f"test-{uuid.uuid4().hex[:12]}/"
    # What a test sets otherwise is still set when it is over.
    client, bucket, prefix = get_bucket_client(), settings.BUCKET_NAME, settings.LOCATION_PREFIX
    yield prefix
    for entry in client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
        client.delete_object(Bucket=bucket, Key=entry["Key"])


def another_deployment() -> Deployment:
    """Let the database be another deployment's from here on, as seen by this test."""
    Deployment.objects.all().delete()
    return Deployment.get_current()


@contextmanager
def at(event: str, work: Callable[..., Any]) -> Iterator[None]:
    """Do `work` whenever the client comes to this point of a request."""
    events = get_bucket_client().meta.events
    events.register(event, work)
    try:
        yield
    finally:
        events.unregister(event, work)


def once(work: Callable[[], Any]) -> Callable[..., None]:
    """Return a hook that does `work` the first time; what it sends itself counts as well."""
    left = [work]

    def hook(**_given: Any) -> None:
        while left:
            left.pop()()

    return hook


# What somebody else set up on the same bucket: with and without ids, in the older and the newer form.
THEIR_CORS: list[dict[str, Any]] = [
    {"ID": "shop", "AllowedMethods": ["GET"], "AllowedOrigins": ["https://shop.example", "*"]},
    {"AllowedMethods": ["PUT", "GET"], "AllowedOrigins": ["https://b.example"], "MaxAgeSeconds": 7},
]
THEIR_LIFECYCLE = [
    {
        "ID": "backups",
        "Status": "Enabled",
        "Filter": {"Prefix": "backups/"},
        "Expiration": {"Days": 400},
    },
    {
        "ID": "tagged",
        "Status": "Disabled",
        "Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "kind", "Value": "old"}]}},
        "Expiration": {"Days": 30},
    },
]
THEIR_STATEMENT: dict[str, Any] = {
    "Sid": "Brochures",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::test-bucket/brochures/*",
}
THEIR_POLICY = {"Version": "2008-10-17", "Id": "theirs", "Statement": THEIR_STATEMENT}


def set_cors(rules: list[Any]) -> None:
    client: Any = get_bucket_client()
    client.put_bucket_cors(Bucket=settings.BUCKET_NAME, CORSConfiguration={"CORSRules": rules})


def set_lifecycle(rules: list[Any]) -> None:
    client: Any = get_bucket_client()
    client.put_bucket_lifecycle_configuration(
        Bucket=settings.BUCKET_NAME, LifecycleConfiguration={"Rules": rules}
    )


def set_policy(policy: dict[str, Any]) -> None:
    get_bucket_client().put_bucket_policy(Bucket=settings.BUCKET_NAME, Policy=json.dumps(policy))


def _answer(call: Callable[..., Any], key: str) -> Any:
    try:
        return call(Bucket=settings.BUCKET_NAME)[key]
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return None


def cors() -> list[Any]:
    return _answer(get_bucket_client().get_bucket_cors, "CORSRules") or []


def lifecycle() -> list[Any]:
    return _answer(get_bucket_client().get_bucket_lifecycle_configuration, "Rules") or []


def policy() -> Any:
    return json.loads(_answer(get_bucket_client().get_bucket_policy, "Policy") or "{}")


def configuration() -> tuple[list[Any], list[Any], Any]:
    return cors(), lifecycle(), policy()


def ours(rules: list[Any]) -> list[Any]:
    return [rule for rule in rules if rule.get("ID", "").startswith("gateway:")]


def theirs(rules: list[Any]) -> list[Any]:
    return [rule for rule in rules if not rule.get("ID", "").startswith("gateway:")]


def set_theirs() -> tuple[list[Any], list[Any], list[Any]]:
    """Set the bucket up as somebody else; return it as the bucket says it."""
    set_cors(THEIR_CORS)
    set_lifecycle(THEIR_LIFECYCLE)
    set_policy(THEIR_POLICY)
    return all_theirs()


def all_theirs() -> tuple[list[Any], list[Any], list[Any]]:
    statements = policy().get("Statement", [])
    listed = [statements] if isinstance(statements, dict) else statements
    return (
        theirs(cors()),
        theirs(lifecycle()),
        [each for each in listed if not each["Sid"].startswith("GatewayPublic")],
    )


def remove_configuration() -> None:
    client = get_bucket_client()
    client.delete_bucket_cors(Bucket=settings.BUCKET_NAME)
    client.delete_bucket_lifecycle(Bucket=settings.BUCKET_NAME)
    client.delete_bucket_policy(Bucket=settings.BUCKET_NAME)


@pytest.fixture
def bare_bucket(own_prefix: str) -> Iterator[None]:
    """Lend the bucket without any configuration; what it had before it has again afterwards."""
    before = configuration()
    remove_configuration()
    yield
    remove_configuration()
    for value, give in zip(before, (set_cors, set_lifecycle, set_policy), strict=True):
        if value:
            give(value)  # type: ignore[operator]  # each its own
