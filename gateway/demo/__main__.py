"""`make demo`: the gateway with three client projects on one bucket. Every start begins from scratch."""

import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any
from urllib.parse import urljoin

from django.core.exceptions import ImproperlyConfigured

from gateway.demo.bucket.embedded_bucket import BucketNotStarted
from gateway.demo.demo_folder import (
    ENVIRONMENT_FILE,
    FACTS_FILE,
    LOG_FILE,
    MAIL_FOLDER,
    MEDIA_FOLDER,
    lock_demo_folder,
)
from gateway.demo.errors import DemoRefused, ServerEnded
from gateway.demo.gunicorn_server import DemoServer
from gateway.demo.people import AGENCY_HOST, DEMO_TENANTS
from gateway.demo.port import LOOPBACK, find_free_port
from gateway.demo.postgres import NoPostgres
from gateway.demo.services import DemoServices, start_services
from gateway.demo.worker import run_worker_process

ENVIRONMENT_NAMES = (
    "DJANGO_SECRET_KEY",
    "DATABASE_URL",
    "AGENCY_HOST",
    "HTTPS_ONLY",
    "HTTP_PORT",
    "LOCATION_PREFIX",
    "EMAIL_URL",
    "STATIC_ROOT",
    "AWS_S3_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_STORAGE_BUCKET_NAME",
    "AWS_S3_REGION_NAME",
    "AWS_S3_ADDRESSING_STYLE",
    "BUCKET_PROVIDER",
    "USE_S3_MEDIA",
    "DISK_MEDIA_ROOT",
)


def main() -> int:
    """Run the demo until Ctrl-C; return the exit code."""
    # A shell that starts us in the background has Ctrl-C ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, raise_interrupt)
    try:
        with lock_demo_folder():
            port = find_free_port()
            say("Starting from scratch: what a demo before this one had is gone.")
            with start_services(port) as around:
                where = "a bucket" if around.with_bucket else "a folder instead of a bucket"
                say(f"  PostgreSQL runs, and {where} is there.")
                serve(port, around)
    except (DemoRefused, NoPostgres, BucketNotStarted, ImproperlyConfigured) as refusal:
        print(f"The demo did not start: {refusal}", file=sys.stderr)
        return 1
    except ServerEnded as ending:
        print(f"\n{ending}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("\nStopped.")
    return 0


def raise_interrupt(_signal: int, _frame: FrameType | None) -> None:
    """End like Ctrl-C does, so that everything that was started is stopped."""
    raise KeyboardInterrupt


@contextmanager
def repeat_interrupts() -> Iterator[None]:
    """Let Ctrl-C end the block also when Python drops it.

    What a signal's handler raises while an object is tidied away, or inside a callback, is printed and forgotten. So
    it is raised again every second until the block is over, and once at its end.
    """
    dropped = False

    def end_again(number: int, frame: FrameType | None) -> None:
        nonlocal dropped
        dropped = True
        signal.setitimer(signal.ITIMER_REAL, 1)
        raise_interrupt(number, frame)

    try:
        try:
            for number in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, end_again)
            yield
        finally:
            reset_interrupts()
    finally:
        # Ctrl-C may have come where the first one began. An alarm that is left would kill this process at its end.
        reset_interrupts()
    if dropped:
        raise KeyboardInterrupt


def reset_interrupts() -> None:
    """Let Ctrl-C raise once, and no alarm ring."""
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, raise_interrupt)


def serve(port: int, around: DemoServices) -> None:
    """Fill the demo and serve it until somebody stops it."""
    with repeat_interrupts():
        facts = fill_demo(port, around)
    os.umask(0o077)
    write_environment(port, around)
    FACTS_FILE.write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n")
    try:
        with run_worker_process():
            DemoServer(port, lambda: say(format_summary(facts)), around.find_ended_server).run()
    except SystemExit as stop:
        if stop.code:
            raise DemoRefused(
                f"The server ended with code {stop.code}. Its log: {LOG_FILE}"
            ) from stop
    finally:
        if around.real_bucket and not around.find_ended_server():
            clean_real_bucket(around)
    require_servers(around)
    say("\nStopped.")


def require_servers(around: DemoServices) -> None:
    """Raise ServerEnded when the demo's own PostgreSQL or bucket has ended."""
    name = around.find_ended_server()
    if not name:
        return
    left = (
        f" What it stored under {around.location_prefix} stays in the bucket."
        if around.real_bucket
        else ""
    )
    raise ServerEnded(
        f"The demo has ended, because its {name} ended.{left} Start again from scratch: make demo"
    )


def fill_demo(port: int, around: DemoServices) -> dict[str, Any]:
    """Make tables, tenants, people and documents; return all that a script needs to know."""
    import django  # noqa: PLC0415 - settings read the environment that was made just now
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import DatabaseError, connections  # noqa: PLC0415

    django.setup()
    from gateway.demo import content  # noqa: PLC0415 - models need Django set up

    try:
        call_command("migrate_schemas", shared=True, verbosity=0)
    except DatabaseError as error:
        raise DemoRefused(f"DATABASE_URL: {str(error).splitlines()[0]}") from error
    say("  The database has its tables.")
    call_command("collectstatic", interactive=False, verbosity=0)
    if around.with_bucket:
        content.examine_bucket()
        say("  The bucket is proved to be safe.")
    tenants = content.create_tenants()
    people, folders = content.create_people(tenants), content.create_folders(tenants)
    say("  Three tenants have people and folders. Storing their documents …")
    documents = content.create_documents(tenants)
    # The workers are forked from this process and must not share its connection.
    connections.close_all()
    return {
        "base_url": f"http://{AGENCY_HOST}:{port}/",
        "address": f"http://{LOOPBACK}:{port}",
        "sites": {
            label: {"host": host, "url": f"http://{host}:{port}/"}
            for label, host in (
                ("agency", AGENCY_HOST),
                *((site.label, site.host) for site in DEMO_TENANTS),
            )
        },
        "people": people,
        "folders": folders,
        "documents": [complete_public_url(document, port) for document in documents],
        "storage": "bucket" if around.with_bucket else "disk",
        "bucket": build_bucket_facts(around) if around.with_bucket else None,
    }


def complete_public_url(document: dict[str, Any], port: int) -> dict[str, Any]:
    """Return the document with the whole of its public address, where it has one: on disk that is a path."""
    if "public_url" not in document:
        return document
    site = f"http://{document['tenant']}.localhost:{port}/"
    return document | {"public_url": urljoin(site, document["public_url"])}


def write_environment(port: int, around: DemoServices) -> None:
    """Write what manage.py needs to work on this demo, unless that would write down keys of a real bucket."""
    if around.real_bucket or around.real_database:
        return
    lines = [f"{name}={os.environ[name]}" for name in ENVIRONMENT_NAMES if name in os.environ]
    ENVIRONMENT_FILE.write_text(
        f"# For manage.py, while the demo runs on port {port}.\n" + "\n".join(lines) + "\n"
    )


def build_bucket_facts(around: DemoServices) -> dict[str, str]:
    """Return where the bucket is. The keys of a real one are left out: they are not ours to write down."""
    facts = {
        "endpoint_url": os.environ["AWS_S3_ENDPOINT_URL"],
        "name": os.environ["AWS_STORAGE_BUCKET_NAME"],
        "location_prefix": around.location_prefix,
    }
    if around.real_bucket:
        return facts
    return facts | {
        "region": os.environ["AWS_S3_REGION_NAME"],
        "access_key": os.environ["AWS_ACCESS_KEY_ID"],
        "secret_key": os.environ["AWS_SECRET_ACCESS_KEY"],
    }


def clean_real_bucket(around: DemoServices) -> None:
    """Delete what this demo's ledgers say it stored, and say what is left behind."""
    from gateway.demo import content  # noqa: PLC0415 - models need Django set up

    removed = content.remove_objects()
    say(f"\n{removed} objects under {around.location_prefix} deleted from the bucket.")
    say("What a real database was given stays there.")


def format_summary(facts: dict[str, Any]) -> str:
    """Return what the person at the terminal needs: where to go, and who signs in there."""
    lines = ["", "The gateway is running. Sign in with any of these:", ""]
    for label, site in facts["sites"].items():
        lines.append(f"  {site['url']}")
        lines += [
            f"      {person['email']:<24} {person['password']}   {person['role']}"
            for person in facts["people"]
            if person["tenant"] == label
        ]
    lines += [
        "",
        f"  {describe_storage(facts['bucket'])}",
        f"  The same for scripts: {FACTS_FILE}",
        f"  For commands: DJANGO_ENV_FILE={shlex.quote(str(ENVIRONMENT_FILE))} .venv/bin/python manage.py tenant list",
        f"  Mail: {MAIL_FOLDER}   Log: {LOG_FILE}",
        "",
        "Every start begins from scratch. Stop with Ctrl-C.",
    ]
    return "\n".join(lines)


def describe_storage(bucket: dict[str, str] | None) -> str:
    """Return where the files are."""
    if bucket is None:
        return f"No bucket: all files under {MEDIA_FOLDER}"
    return f"One bucket: {bucket['name']} at {bucket['endpoint_url']}, all keys under {bucket['location_prefix']}"


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
