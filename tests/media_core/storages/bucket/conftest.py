"""A prefix of the bucket for one test, and ways to come between two requests."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from media_core.storages.bucket.models import Deployment
from media_core.storages.client import bucket_client


@pytest.fixture
def own_prefix(db: None, settings: Any) -> Iterator[str]:
    """Give this test a LOCATION_PREFIX of its own; what it left there is removed."""
    settings.LOCATION_PREFIX = f"test-{uuid.uuid4().hex[:12]}/"
    # What a test sets otherwise is still set when it is over.
    client, bucket, prefix = bucket_client(), settings.BUCKET_NAME, settings.LOCATION_PREFIX
    yield prefix
    for entry in client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
        client.delete_object(Bucket=bucket, Key=entry["Key"])


def another_deployment() -> Deployment:
    """Let the database be another deployment's from here on, as seen by this test."""
    Deployment.objects.all().delete()
    return Deployment.this()


@contextmanager
def at(event: str, work: Callable[..., Any]) -> Iterator[None]:
    """Do `work` whenever the client comes to this point of a request."""
    events = bucket_client().meta.events
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
