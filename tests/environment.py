"""What the suite runs on, as a pytest plugin: it must be there before Django's settings are read.

`.env.example` as it is, a PostgreSQL (DATABASE_URL, or an embedded one) and an embedded bucket with keys of its own,
or the bucket that TESTS_BUCKET tells of.
"""

import atexit
import json
import os
import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
from gateway.demo.postgres import provide_database_url
from gateway.demo.resolution import resolve_localhost_names
from tests.run_folder import RUN_FOLDER, share_run_folder

ROOT = Path(__file__).resolve().parent.parent
BUCKET = "test-bucket"

servers = ExitStack()
atexit.register(servers.close)


# A run inside a run (tests/test_mutations.py) shares the bucket of the outer one; tests/ceph gives another kind.
BUCKET_FACTS = "TESTS_BUCKET"
# Another account of the same server, where there is one: on Ceph RGW.
STRANGER = "TESTS_STRANGER"


def bucket_facts() -> dict[str, str]:
    """Return the environment of the bucket that is running."""
    names = (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_STORAGE_BUCKET_NAME",
        "AWS_S3_ENDPOINT_URL",
        "AWS_S3_SIGNATURE_VERSION",
        "AWS_S3_ADDRESSING_STYLE",
    )
    return {name: os.environ[name] for name in names}


def start_bucket() -> dict[str, str]:
    access_key, secret_key = secrets.token_hex(8), secrets.token_hex(16)
    bucket = servers.enter_context(
        EmbeddedBucket(bucket=BUCKET, access_key=access_key, secret_key=secret_key, region="fsn1")
    )
    return {
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_STORAGE_BUCKET_NAME": BUCKET,
        "AWS_S3_ENDPOINT_URL": bucket.endpoint_url,
        "AWS_S3_SIGNATURE_VERSION": "s3v4",
        "AWS_S3_ADDRESSING_STYLE": "path",
    }


def on_ceph() -> bool:
    """Return whether the bucket is a real Ceph RGW's."""
    return STRANGER in os.environ


def over_https() -> bool:
    return os.environ["AWS_S3_ENDPOINT_URL"].startswith("https:")


def is_measured(item: pytest.Item) -> bool:
    """Return whether coverage counts what this test runs. It makes Python half as fast.

    Tests of the demo run little of what is measured. Those that cross all of it (tests/*.py), the contracts and the
    flows that are ended again and again run the lines that other tests run, too.
    """
    folder = item.path.parent.relative_to(ROOT).as_posix() if item.path.is_relative_to(ROOT) else ""
    is_crossing = folder in {"tests", "tests/contracts"}
    is_ended = "cuts" in getattr(item, "fixturenames", [])
    return not (is_crossing or is_ended or folder.startswith("tests/gateway/demo"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this bucket cannot show, and say what coverage is measured of."""
    for item in items:
        if not is_measured(item):
            item.add_marker("no_cover")
    shown = {"ceph": on_ceph(), "https": over_https()}
    left_out = {mark for mark, is_shown in shown.items() if not is_shown}
    here, elsewhere = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        is_here = left_out.isdisjoint(mark.name for mark in item.iter_markers())
        (here if is_here else elsewhere).append(item)
    config.hook.pytest_deselected(items=elsewhere)
    # The long ones first: at the end one process would wait for another.
    items[:] = sorted(here, key=lambda item: item.get_closest_marker("run_first") is None)


def start() -> None:
    os.environ[RUN_FOLDER] = str(servers.enter_context(share_run_folder()))
    scratch = Path(servers.enter_context(tempfile.TemporaryDirectory(prefix="gateway-tests-")))
    # WhiteNoise warns of a folder that is not there.
    (scratch / "static").mkdir()
    (scratch / "media").mkdir(mode=0o700)
    url = servers.enter_context(provide_database_url(ROOT / ".data" / "postgres", fast=True))
    # A bucket whose name is part of the host's: browsers and curl find it, glibc does not.
    servers.enter_context(resolve_localhost_names())
    given = os.environ.get(BUCKET_FACTS)
    os.environ.update(json.loads(given) if given else start_bucket())
    os.environ.update(
        DJANGO_ENV_FILE=str(ROOT / ".env.example"),
        DJANGO_SECRET_KEY=secrets.token_urlsafe(50),
        DATABASE_URL=url,
        STATIC_ROOT=str(scratch / "static"),
        DISK_MEDIA_ROOT=str(scratch / "media"),
        UPLOAD_TEMP_DIR=str(scratch),
        EMAIL_URL=f"filemail:///{scratch / 'mail'}",
    )


start()
