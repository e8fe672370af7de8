"""What the demo runs on: its own servers, or, only when asked twice, real ones. Sets the environment for settings."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psycopg

from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
from gateway.demo.demo_folder import (
    BUCKET_LOG_FILE,
    DEMO_FOLDER,
    MAIL_FOLDER,
    MEDIA_FOLDER,
    POSTGRES_FOLDER,
    STATIC_FOLDER,
    clear_demo_folder,
)
from gateway.demo.errors import DemoRefused
from gateway.demo.gunicorn_server import THREADS
from gateway.demo.people import AGENCY_HOST
from gateway.demo.postgres import EmbeddedPostgres, read_database_url

BUCKET = "demo-bucket"
REGION = "fsn1"
ENDPOINT_VARIABLE = "AWS_S3_ENDPOINT_URL"
BUCKET_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_STORAGE_BUCKET_NAME")
BOOLEAN_WORDS = {"": True, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class DemoServices:
    """Whether there is a bucket, whether it and the database are real ones, and the prefix of all that is stored."""

    with_bucket: bool
    real_database: bool
    real_bucket: bool
    location_prefix: str
    # The demo's own servers by name, each with a function that says whether it has ended.
    servers: dict[str, Callable[[], bool]] = field(default_factory=dict)

    def find_ended_server(self) -> str:
        """Return the name of a server of the demo's own that has ended, or nothing."""
        return next((name for name, has_ended in self.servers.items() if has_ended()), "")


@contextmanager
def start_services(port: int) -> Iterator[DemoServices]:
    """Lend a database and a bucket, and set the environment so that settings find them.

    Real ones, named by DATABASE_URL or AWS_S3_ENDPOINT_URL, are used only with DEMO_REAL=1. Raises DemoRefused.
    """
    with_bucket = should_use_bucket()
    around = DemoServices(
        with_bucket=with_bucket,
        real_database=bool(read_database_url()),
        real_bucket=with_bucket and bool(os.environ.get(ENDPOINT_VARIABLE)),
        location_prefix=f"demo-{secrets.token_hex(4)}/",
    )
    refuse_accidental_real_services(around)
    if around.real_database:
        refuse_used_database(read_database_url())
    clear_demo_folder()
    with ExitStack() as servers:
        os.environ.update(
            # What stands in a .env file is for another deployment than this.
            DJANGO_ENV_FILE=str(DEMO_FOLDER / "no.env"),
            DJANGO_SECRET_KEY=secrets.token_urlsafe(50),
            DJANGO_DEBUG="False",
            DJANGO_SETTINGS_MODULE="gateway.settings",
            AGENCY_HOST=AGENCY_HOST,
            HTTPS_ONLY="False",
            HTTP_PORT=str(port),
            SECURE_PROXY_SSL_HEADER="",
            TRUSTED_PROXY_COUNT="0",
            WEB_THREADS=str(THREADS),
            USE_S3_MEDIA=str(around.with_bucket),
            DISK_MEDIA_ROOT=str(MEDIA_FOLDER),
            DISK_MEDIA_SENDER="gateway",
            LOCATION_PREFIX=around.location_prefix,
            EMAIL_URL=f"filemail:///{MAIL_FOLDER}",
            STATIC_ROOT=str(STATIC_FOLDER),
        )
        if not around.real_database:
            database = servers.enter_context(start_empty_database())
            os.environ["DATABASE_URL"] = database.build_url("gateway")
            around.servers["PostgreSQL"] = database.has_ended
        if around.with_bucket and not around.real_bucket:
            bucket = servers.enter_context(make_empty_bucket())
            os.environ.update(build_bucket_environment(bucket))
            around.servers["bucket"] = bucket.has_ended
        if not around.with_bucket:
            os.environ.update(dict.fromkeys(BUCKET_VARIABLES, ""))
        yield around


def should_use_bucket() -> bool:
    """Return whether the demo is to store in a bucket; USE_S3_MEDIA=False says on disk. Raises DemoRefused."""
    given = os.environ.get("USE_S3_MEDIA", "")
    if given.lower() not in BOOLEAN_WORDS:
        raise DemoRefused(f"USE_S3_MEDIA={given}: give True or False.")
    return BOOLEAN_WORDS[given.lower()]


def refuse_accidental_real_services(around: DemoServices) -> None:
    """Real servers may be named by an environment that was made for something else."""
    named = [
        name
        for name, is_real in (
            ("DATABASE_URL", around.real_database),
            (ENDPOINT_VARIABLE, around.real_bucket),
        )
        if is_real
    ]
    if named and os.environ.get("DEMO_REAL") != "1":
        raise DemoRefused(
            f"{' and '.join(named)} set. Unset this for a demo on servers of its own, or set DEMO_REAL=1"
            " to run on it: an empty database, and a bucket in which only demo-<random>/ is written."
        )


def refuse_used_database(url: str) -> None:
    """Refuse a database that holds tenants, or anything else."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            ).fetchone()
    except psycopg.Error as error:
        raise DemoRefused(f"DATABASE_URL: {str(error).splitlines()[0]}") from error
    if found and found[0]:
        raise DemoRefused(
            f"The database of DATABASE_URL already holds {found[0]} tables, maybe with tenants: give an empty one."
        )


@contextmanager
def start_empty_database() -> Iterator[EmbeddedPostgres]:
    """Lend a server of the demo's own with an empty database. Each demo starts from scratch."""
    server = EmbeddedPostgres(POSTGRES_FOLDER, fast=True)
    server.delete()
    try:
        with server:
            server.ensure_database("gateway")
            yield server
    finally:
        server.delete()


def make_empty_bucket() -> EmbeddedBucket:
    """Return a bucket of the demo's own, to be started."""
    return EmbeddedBucket(
        bucket=BUCKET,
        access_key=secrets.token_hex(10),
        secret_key=secrets.token_urlsafe(30),
        region=REGION,
        log=BUCKET_LOG_FILE,
    )


def build_bucket_environment(bucket: EmbeddedBucket) -> dict[str, str]:
    """Return the environment in which settings find the bucket."""
    return {
        "BUCKET_PROVIDER": "ceph",
        ENDPOINT_VARIABLE: bucket.endpoint_url,
        "AWS_ACCESS_KEY_ID": bucket.access_key,
        "AWS_SECRET_ACCESS_KEY": bucket.secret_key,
        "AWS_STORAGE_BUCKET_NAME": BUCKET,
        "AWS_S3_REGION_NAME": REGION,
        "AWS_S3_ADDRESSING_STYLE": "path",
        "AWS_S3_SIGNATURE_VERSION": "s3v4",
    }
