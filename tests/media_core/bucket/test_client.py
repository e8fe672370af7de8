"""One client per process, made of settings alone."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from media_core.bucket.client import get_bucket_access, get_bucket_client
from media_core.ledger.models import StoredObject
from media_core.storages.shared_bucket import SharedBucketStorage
from tenants.prefixes import Prefix
from tests.wire import bucket_requests

ROOT = Path(__file__).resolve().parents[3]
COUNT_CLIENTS = """
import gc, resource, threading
import django
django.setup()
from botocore.client import BaseClient
from media_core.bucket.client import get_bucket_client
from media_core.ledger.models import StoredObject
from media_core.storages.presigned import presign_get
from media_core.storages.shared_bucket import SharedBucketStorage
from tenants.binding import bind_tenant
from tenants.models import Tenant

start = threading.Barrier(8)
tenants = [Tenant(location_prefix=f"tenant{number}/") for number in range(2000)]
storages = [SharedBucketStorage(tenant.prefix, "private") for tenant in tenants]

def use():
    start.wait()
    for storage in storages:
        assert storage.connection.meta.client is get_bucket_client()
    assert storage.bucket.meta.client is get_bucket_client()
    for tenant in tenants:
        with bind_tenant(tenant):
            row = StoredObject(name="private/a/a.pdf", state="stored", content_type="image/png")
            assert f"/{tenant.location_prefix}private/" in presign_get(row, file_name="a.pdf")

threads = [threading.Thread(target=use) for _ in range(8)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
[thread.start() for thread in threads]
[thread.join() for thread in threads]
clients = [thing for thing in gc.get_objects() if issubclass(type(thing), BaseClient)]
print(len(clients), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
SIGN = """
import django
django.setup()
from django.conf import settings
from media_core.bucket.client import get_bucket_client
from media_core.storages.shared_bucket import SharedBucketStorage
from tenants.prefixes import Prefix
client = get_bucket_client()
SharedBucketStorage(Prefix("acme/"), "media").bucket
params = {"Bucket": settings.BUCKET_NAME, "Key": "k"}
url = client.generate_presigned_url("get_object", Params=params)
config = client.meta.config
print(client.put_object(**params, Body=b"x")["ResponseMetadata"]["HTTPStatusCode"])
print(url.partition("&X-Amz-Date")[0], "Security-Token" in url, client.meta.endpoint_url)
print(config.s3, config.retries, config.request_checksum_calculation, config.connect_timeout)
"""
AWS_CONFIG = """
[default]
region = eu-central-1
endpoint_url = http://127.0.0.1:9
s3 =
    use_accelerate_endpoint = true
    payload_signing_enabled = true
[profile somebody]
region = us-west-1
aws_session_token = token
"""


def said_by(script: str, **environment: str) -> str:
    """Return what a fresh Python process prints."""
    around = {**os.environ, "DJANGO_SETTINGS_MODULE": "gateway.settings", **environment}
    done = subprocess.run(  # noqa: S603 - this Python, on our own text
        [sys.executable, "-W", "error", "-c", script],
        cwd=ROOT,
        env=around,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_thousand_tenants_storages_and_links_in_eight_threads_share_one_client():
    clients, kilobytes = said_by(COUNT_CLIENTS).split()
    assert int(clients) == 1
    assert int(kilobytes) < 40_000


def test_a_fork_makes_a_client_of_its_own():
    parents = id(get_bucket_client())
    context = multiprocessing.get_context("fork")
    answers = context.Queue()

    def child() -> None:
        answers.put(id(get_bucket_client()) == parents)

    process = context.Process(target=child)
    process.start()
    assert answers.get(timeout=120) is False
    process.join(20)


def test_the_same_client_serves_every_call():
    assert get_bucket_client() is get_bucket_client()


def test_other_credentials_make_another_client(settings):
    known = get_bucket_client()
    settings.BUCKET_ACCESS_KEY = "another"
    assert get_bucket_client() is not known


STRAY_VARIABLES = {
    "AWS_PROFILE": "nobody",
    "AWS_DEFAULT_REGION": "us-west-1",
    "AWS_REGION": "us-west-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "ALWAYS",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "ALWAYS",
    "AWS_SESSION_TOKEN": "token",
    "AWS_SECURITY_TOKEN": "token",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_RETRY_MODE": "legacy",
    "AWS_DEFAULTS_MODE": "nonsense",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_AUTH_SCHEME_PREFERENCE": "noauth",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}


def test_no_variable_and_no_file_of_aws_decides_anything(tmp_path):
    (tmp_path / ".aws").mkdir()
    for name in ("config", "credentials"):
        (tmp_path / ".aws" / name).write_text(AWS_CONFIG)
    clean = said_by(SIGN, HOME="/nonexistent")
    assert said_by(SIGN, HOME="/nonexistent", **STRAY_VARIABLES) == clean
    assert said_by(SIGN, HOME=str(tmp_path), AWS_PROFILE="somebody") == clean


def test_the_secret_is_in_no_representation():
    access = get_bucket_access()
    assert access.secret_key
    assert access.secret_key not in repr(access) + str(access)


@pytest.mark.parametrize("size", [1, 200_000], ids=["small", "large"])
@pytest.mark.django_db
def test_a_write_sends_no_trailer_no_chunks_and_no_acl(size):
    storage = SharedBucketStorage(Prefix("acme/"), StoredObject.Area.PRIVATE)
    with bucket_requests() as sent:
        storage.save(f"wire/{size}.bin", ContentFile(b"x" * size))
    (request,) = sent
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert not {"x-amz-trailer", "x-amz-acl", "transfer-encoding", "content-encoding"} & set(
        headers
    )
    assert not [name for name in headers if "checksum" in name]
    assert b"STREAMING" not in headers["x-amz-content-sha256"]
    assert headers["content-length"] == str(size)
