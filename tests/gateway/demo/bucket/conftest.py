"""One embedded bucket for the session, and the ways to speak to it."""

import functools
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from gateway.demo.bucket.embedded import EmbeddedBucket
from gateway.demo.resolution import localhost_names

# The stubs of boto3 know the regions and classes of AWS only.
S3Client = Any
Connect = Callable[..., S3Client]


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBucket]:
    log = tmp_path_factory.mktemp("bucket") / "bucket.log"
    with localhost_names(), EmbeddedBucket(bucket="demo", log=log) as running:
        yield running


@pytest.fixture(scope="session")
def log(bucket: EmbeddedBucket) -> Path:
    assert bucket.log is not None
    return bucket.log


@pytest.fixture(scope="session")
def connect(bucket: EmbeddedBucket) -> Iterator[Connect]:
    """Return a client for a signature version and an addressing style; other options on demand."""
    hosts = {"path": bucket.endpoint_url, "virtual": f"http://s3.localhost:{bucket.port}"}
    usual = {
        "aws_access_key_id": bucket.access_key,
        "aws_secret_access_key": bucket.secret_key,
        "region_name": bucket.region,
    }
    with ExitStack() as clients:

        @functools.cache
        def open_client(version: str = "s3v4", style: str = "virtual", **given: Any) -> S3Client:
            options: dict[str, Any] = {"endpoint_url": hosts[style], **usual, **given}
            client = boto3.client("s3", config=config(version, style), **options)
            clients.callback(client.close)
            return client

        yield open_client


def config(version: str, style: str) -> Config:
    addressing: Any = {"addressing_style": style}
    return Config(signature_version=version, s3=addressing, retries={"max_attempts": 0})


@pytest.fixture(scope="session")
def s3(connect: Connect) -> S3Client:
    return connect()


@pytest.fixture(scope="session", params=["v4-path", "v4-virtual", "v2-virtual"])
def any_s3(connect: Connect, request: pytest.FixtureRequest) -> S3Client:
    """Clients that can do everything; boto signs bucket calls wrongly in SigV2 with path style."""
    version, style = request.param.split("-")
    return connect({"v4": "s3v4", "v2": "s3"}[version], style)


@pytest.fixture(scope="session", params=["v4-path", "v4-virtual", "v2-path", "v2-virtual"])
def object_s3(connect: Connect, request: pytest.FixtureRequest) -> S3Client:
    """Clients that can do everything with objects."""
    version, style = request.param.split("-")
    return connect({"v4": "s3v4", "v2": "s3"}[version], style)


@pytest.fixture
def prefix() -> str:
    return f"{uuid.uuid4().hex[:12]}/"


@pytest.fixture
def key(s3: S3Client, prefix: str) -> str:
    """A stored private object that holds `content`."""
    s3.put_object(Bucket="demo", Key=f"{prefix}a.txt", Body=b"content", ContentType="text/plain")
    return f"{prefix}a.txt"


@pytest.fixture
def own_bucket(s3: S3Client) -> str:
    """A bucket whose settings a test may change."""
    name = f"own-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(autouse=True)
def _no_aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
