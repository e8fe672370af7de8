"""What the suite runs on, as a pytest plugin: it must be there before Django's settings are read.

`.env.example` as it is, a PostgreSQL (DATABASE_URL, or an embedded one) and an embedded bucket with keys of its own.
"""

import atexit
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


def start() -> None:
    scratch = Path(servers.enter_context(tempfile.TemporaryDirectory(prefix="gateway-tests-")))
    url = servers.enter_context(database_url(ROOT / ".data" / "postgres", fast=True))
    access_key, secret_key = secrets.token_hex(8), secrets.token_hex(16)
    bucket = servers.enter_context(
        EmbeddedBucket(bucket=BUCKET, access_key=access_key, secret_key=secret_key, region="fsn1")
    )
    os.environ.update(
        DJANGO_ENV_FILE=str(ROOT / ".env.example"),
        DJANGO_SECRET_KEY=secrets.token_urlsafe(50),
        DATABASE_URL=url,
        AWS_ACCESS_KEY_ID=access_key,
        AWS_SECRET_ACCESS_KEY=secret_key,
        AWS_STORAGE_BUCKET_NAME=BUCKET,
        AWS_S3_ENDPOINT_URL=bucket.endpoint_url,
        AWS_S3_ADDRESSING_STYLE="path",
        STATIC_ROOT=str(scratch / "static"),
        UPLOAD_TEMP_DIR=str(scratch),
        EMAIL_URL=f"filemail:///{scratch / 'mail'}",
    )


start()
