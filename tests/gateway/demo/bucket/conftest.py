"""One bucket for the session, and the ways to speak to it: an embedded one, or the given Ceph RGW's.

On Ceph RGW a run goes one way, which `make test-ceph` chooses; on the embedded bucket each test goes all of them.
"""

import functools
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
from gateway.demo.resolution import resolve_localhost_names
from tests.environment import bucket_facts, on_ceph
from tests.gateway.demo.bucket.wire import Bucket, by_host

# The stubs of boto3 know the regions and classes of AWS only.
S3Client = Any
Connect = Callable[..., S3Client]


FACTS = bucket_facts()
OWN_WAY = (FACTS["AWS_S3_SIGNATURE_VERSION"], FACTS["AWS_S3_ADDRESSING_STYLE"])
PROVER_TESTS = {
    "v4-path": ("s3v4", "path"),
    "v4-virtual": ("s3v4", "virtual"),
    "v2-path": ("s3", "path"),
    "v2-virtual": ("s3", "virtual"),
}
WAYS = {name: way for name, way in PROVER_TESTS.items() if not on_ceph() or way == OWN_WAY}
USUAL_WAY = OWN_WAY if on_ceph() else ("s3v4", "virtual")


@dataclass(frozen=True)
class GivenBucket:
    """The bucket `demo` of a server that is there already."""

    endpoint_url: str = FACTS["AWS_S3_ENDPOINT_URL"]
    access_key: str = FACTS["AWS_ACCESS_KEY_ID"]
    secret_key: str = field(default=FACTS["AWS_SECRET_ACCESS_KEY"], repr=False)
    region: str = "fsn1"
    port: int = urlsplit(endpoint_url).port or 0


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    if on_ceph():
        yield GivenBucket()
        return
    log = tmp_path_factory.mktemp("bucket") / "bucket.log"
    with resolve_localhost_names(), EmbeddedBucket(bucket="demo", log=log) as running:
        yield running


@pytest.fixture(scope="session")
def log(bucket: EmbeddedBucket) -> Path:
    assert bucket.log is not None
    return bucket.log


@pytest.fixture(scope="session")
def connect(bucket: Bucket) -> Iterator[Connect]:
    """Return a client for a signature version and an addressing style; other options on demand."""
    hosts = {"path": bucket.endpoint_url, "virtual": by_host(bucket)}
    usual = {
        "aws_access_key_id": bucket.access_key,
        "aws_secret_access_key": bucket.secret_key,
        "region_name": bucket.region,
    }
    with ExitStack() as clients:

        @functools.cache
        def open_client(
            version: str = USUAL_WAY[0], style: str = USUAL_WAY[1], **given: Any
        ) -> S3Client:
            options: dict[str, Any] = {"endpoint_url": hosts[style], **usual, **given}
            client = boto3.client("s3", config=config(version, style), **options)
            clients.callback(client.close)
            return client

        yield open_client


def config(version: str, style: str) -> Config:
    addressing: Any = {"addressing_style": style}
    # As the product's own client: boto's default checksums fail on RGW over HTTPS.
    return Config(
        signature_version=version,
        s3=addressing,
        retries={"max_attempts": 0},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


@pytest.fixture(scope="session")
def s3(connect: Connect) -> S3Client:
    return connect()


@pytest.fixture(scope="session", params=[name for name in WAYS if name != "v2-path"])
def any_s3(connect: Connect, request: pytest.FixtureRequest) -> S3Client:
    """Clients that can do everything; boto signs bucket calls wrongly in SigV2 with path style."""
    return connect(*WAYS[request.param])


@pytest.fixture(scope="session", params=WAYS)
def object_s3(connect: Connect, request: pytest.FixtureRequest) -> S3Client:
    """Clients that can do everything with objects."""
    return connect(*WAYS[request.param])


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
    # All but whom to trust.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        if name != "AWS_CA_BUNDLE":
            monkeypatch.delenv(name)
