"""What the suite runs on, as a pytest plugin: it must be there before Django's settings are read.

`.env.example` as it is, a PostgreSQL (DATABASE_URL, or an embedded one) and an embedded bucket with keys of its own.
"""

import atexit
import json
import os
import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path

from gateway.demo.bucket.embedded import EmbeddedBucket
from gateway.demo.postgres import database_url

ROOT = Path(__file__).resolve().parent.parent
BUCKET = "test-bucket"

servers = ExitStack()
atexit.register(servers.close)


# A run inside a run (tests/test_mutations.py) shares the bucket of the outer one.
BUCKET_FACTS = "TESTS_BUCKET"


def bucket_facts() -> dict[str, str]:
    """Return the environment of the bucket that is running."""
    names = (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_STORAGE_BUCKET_NAME",
        "AWS_S3_ENDPOINT_URL",
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
    }


def start() -> None:
    scratch = Path(servers.enter_context(tempfile.TemporaryDirectory(prefix="gateway-tests-")))
    # WhiteNoise warns of a folder that is not there.
    (scratch / "static").mkdir()
    (scratch / "media").mkdir(mode=0o700)
    url = servers.enter_context(database_url(ROOT / ".data" / "postgres", fast=True))
    given = os.environ.get(BUCKET_FACTS)
    os.environ.update(json.loads(given) if given else start_bucket())
    os.environ.update(
        DJANGO_ENV_FILE=str(ROOT / ".env.example"),
        DJANGO_SECRET_KEY=secrets.token_urlsafe(50),
        DATABASE_URL=url,
        AWS_S3_ADDRESSING_STYLE="path",
        STATIC_ROOT=str(scratch / "static"),
        DISK_MEDIA_ROOT=str(scratch / "media"),
        UPLOAD_TEMP_DIR=str(scratch),
        EMAIL_URL=f"filemail:///{scratch / 'mail'}",
    )


start()
