"""A backup is restored by the commands of docs/howto/backup.md: all of it opens, and nothing else is public."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gateway.demo.postgres.binaries import find_binaries
from media_core.storages.client import bucket_client
from tests.deploy.page import read_blocks
from tests.environment import ROOT
from tests.soak.running import run
from tests.tenants.conftest import connected

pytestmark = [pytest.mark.django_db, pytest.mark.bucket]
PAGE = ROOT / "docs" / "howto" / "backup.md"
BACKUP = "Back up the database"
WHOLE = (
    "Restore the database",
    "Compare it with the bucket",
    "Put right what differs",
    "Publish again",
)
ONE_TENANT = (
    "Restore one tenant", "Compare the tenant with the bucket", "Serve the tenant again",
)  # fmt: skip
BUCKET = ("Back up the bucket", "Copy the bucket back")


def drill(test: Any) -> Any:
    """Mark a drill: it takes long, and is typed on Ceph RGW as well."""
    return pytest.mark.slow(seconds=60)(pytest.mark.ceph_once(test))


# Written into the page's commands in place of its names.
NEW_DATABASE, BUCKET_NAME = "gateway_restored", "agency-media"


@dataclass
class Deployment:
    """A gateway with a database and a bucket of its own, and a shell in which the page's commands are typed."""

    folder: Path
    name: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def new_database(self) -> str:
        return f"{self.name}_restored"

    def use(self, database: str) -> None:
        url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()
        self.environment["DATABASE_URL"] = url

    def do(self, action: str) -> Any:
        return run(action, module="tests.restore_drill", **self.environment)

    def type(self, *headings: str, code: int) -> str:
        """Type what stands under these headings, into one shell that ends with this code; return what it says."""
        commands = "\n".join(text for title in headings for text in read_page()[title])
        for name, ours in ((NEW_DATABASE, self.new_database), (BUCKET_NAME, self.bucket)):
            commands = commands.replace(name, ours)
        done = subprocess.run(  # noqa: S603 - the commands of our own page
            ["/bin/bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder, env={**os.environ, **self.environment}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        said = f"{done.stdout}{done.stderr}"
        assert done.returncode == code, said
        return said

    def find_schema(self, prefix: str, *, like: str = "") -> str:
        """Return the name of a tenant's schema that is there, or of another with this behind it; else nothing."""
        with closing(psycopg.connect(self.environment["DATABASE_URL"])) as connection:
            found = connection.execute(
                "SELECT nspname FROM pg_namespace JOIN tenants_tenant ON nspname = schema_name || %s "
                "WHERE location_prefix = %s", [like, prefix],
            ).fetchone()  # fmt: skip
        return str(found[0]) if found else ""

    @property
    def bucket(self) -> str:
        return self.environment["AWS_STORAGE_BUCKET_NAME"]


def read_page() -> dict[str, list[str]]:
    """Return the page's commands by the heading above them."""
    found: dict[str, list[str]] = {}
    for block in read_blocks(PAGE):
        found.setdefault(block.heading, []).append(block.commands)
    return found


MANAGE = """#!{python}
import runpy, sys
sys.path.insert(0, "{root}")
from gateway.demo.resolution import localhost_names
with localhost_names():
    runpy.run_path("{root}/manage.py", run_name="__main__")
"""
# It refuses boto's variable, and has one of its own.
RCLONE = """#!/bin/sh
exec env --unset=AWS_CA_BUNDLE {rclone} "$@"
"""


def make_shell(folder: Path) -> str:
    """Return the PATH on which the page's programs are: PostgreSQL's own, manage.py and rclone."""
    programs = folder / "programs"
    programs.mkdir()
    commands = {
        "manage.py": MANAGE.format(python=sys.executable, root=ROOT),
        "rclone": RCLONE.format(rclone=shutil.which("rclone")),
    }
    for name, text in commands.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o700)
    return f"{programs}:{find_binaries().folder}:{os.environ['PATH']}"


def make_rclone_settings() -> dict[str, str]:
    """Return the remotes of the page, both in this bucket's store, as rclone reads them from the environment."""
    endpoint = urlsplit(os.environ["AWS_S3_ENDPOINT_URL"])
    facts = {
        "TYPE": "s3", "PROVIDER": "Other",
        # It knows no name that only browsers and we resolve.
        "ENDPOINT": endpoint._replace(netloc=f"127.0.0.1:{endpoint.port}").geturl(),
        "ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
        "SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
        "REGION": "fsn1", "FORCE_PATH_STYLE": "true", "NO_CHECK_BUCKET": "true",
    }  # fmt: skip
    remotes = ("HETZNER", "BACKUP")
    given = {f"RCLONE_CONFIG_{to}_{name}": value for to in remotes for name, value in facts.items()}
    authority = os.environ.get("AWS_CA_BUNDLE")
    return {**given, "RCLONE_CONFIG": "", **({"RCLONE_CA_CERT": authority} if authority else {})}


@pytest.fixture
def deployment(tmp_path: Path, acme: object) -> Iterator[Deployment]:
    """A deployment with four tenants; its databases and its buckets go afterwards."""
    made = Deployment(tmp_path, f"drill_{uuid4().hex[:12]}")
    bucket = made.name.replace("_", "-")
    server = conninfo_to_dict(os.environ["DATABASE_URL"])
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
    made.environment = {
        "PATH": make_shell(tmp_path),
        "AWS_STORAGE_BUCKET_NAME": bucket,
        "DJANGO_SETTINGS_MODULE": "gateway.settings",
        "PYTHONPATH": str(ROOT),
        **{names[key]: str(value) for key, value in server.items() if key in names},
        **make_rclone_settings(),
    }
    made.use(made.name)
    with connected() as admin:
        admin.autocommit = True
        admin.execute(f"CREATE DATABASE {made.name}")
        for each in (bucket, f"{bucket}-copy"):
            bucket_client().create_bucket(Bucket=each)
        made.do("prepare")
        yield made
        for each in (bucket, f"{bucket}-copy"):
            empty(each)
            bucket_client().delete_bucket(Bucket=each)
        for database in (made.name, made.new_database):
            admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


def empty(bucket: str) -> None:
    for page in bucket_client().get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            bucket_client().delete_object(Bucket=bucket, Key=entry["Key"])


def pick(found: dict[str, Any], *facts: str, of: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return some facts of every tenant, or of these."""
    return {name: [found[name][fact] for fact in facts] for name in of or found}


def find_public_then_and_now(backup: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Return the keys that the public could read when the backup was made, and can read now."""
    return {name: [sorted({*backup[name]["public"]} & {*now[name]["public"]})] for name in backup}


def count_public(found: dict[str, Any]) -> int:
    return sum(len(tenant["public"]) for tenant in found.values())


def dump_others(deployment: Deployment, schema: str) -> str:
    """Return all rows but those of one tenant's schema, and of what is shared only who is a member where."""
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [
            find_binaries().folder / "pg_dump", f"--exclude-schema={schema}*",
            "--exclude-table-data=public.*", deployment.environment["DATABASE_URL"],
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    # These differ each time.
    return re.sub(r"^\\(un)?restrict .*$", "", done.stdout, flags=re.MULTILINE)


OPENS = ("documents", "versions")
ALL = ("documents", "versions", "named public", "public", "objects", "quota")
# What `change` in tests/restore_drill.py leaves in the bucket; the fourth tenant's is on disk.
IN_BUCKET, ON_DISK = ("museum", "school", "club"), ("archive",)
OTHERS = ("school", "club", "archive")


def test_the_drill_types_every_command_of_the_page() -> None:
    assert set(read_page()) == {BACKUP, *WHOLE, *ONE_TENANT, *BUCKET}


@drill
def test_every_version_of_a_restored_backup_opens_and_nothing_else_is_public(deployment):
    restore, compare, repair, republish = WHOLE
    backup = deployment.do("check")
    assert all(digest for tenant in backup.values() for digest in tenant["versions"].values())
    deployment.type(BACKUP, code=0)
    deployment.do("change")
    now = deployment.do("check")
    deployment.type(restore, code=0)
    deployment.use(deployment.new_database)

    found = deployment.do("check")
    assert pick(found, *OPENS, of=IN_BUCKET) == pick(backup, *OPENS, of=IN_BUCKET)
    assert pick(found, "public", "objects") == pick(now, "public", "objects")

    said = deployment.type(compare, code=1)
    assert {line.partition(":")[0] for line in said.splitlines()[:-1]} == {"orphaned", "missing"}

    said = deployment.type(repair, code=1)
    assert "Its ACL keeps the public from reading it." in said
    found = deployment.do("check")
    assert pick(found, *OPENS) == pick(backup, *OPENS)
    assert pick(found, "public") == find_public_then_and_now(backup, now)
    assert count_public(found) > 0

    deployment.type(republish, code=1)
    found = deployment.do("check")
    assert pick(found, "named public") == pick(backup, "named public")
    for name in IN_BUCKET:
        assert len(found[name]["public"]) == len(backup[name]["named public"])
    assert pick(found, *OPENS) == pick(backup, *OPENS)


@drill
def test_one_tenant_is_restored_beside_the_others(deployment):
    backup = deployment.do("check")
    deployment.type(BACKUP, code=0)
    deployment.do("change")
    now, schema = deployment.do("check"), deployment.find_schema("museum/")
    others = dump_others(deployment, schema)

    restore, compare, serve = ONE_TENANT
    deployment.type(restore, code=0)
    said = deployment.type(compare, code=1)
    assert {line.split("/")[0] for line in said.splitlines()[:-1]} == {
        "orphaned: museum",
        "missing: museum",
    }
    # As in the shell that has typed the first.
    deployment.environment["schema"] = schema
    deployment.type(serve, code=0)
    found = deployment.do("check")
    assert pick(found, *OPENS, "quota")["museum"] == pick(backup, *OPENS, "quota")["museum"]
    assert pick(found, "public")["museum"] == find_public_then_and_now(backup, now)["museum"]
    assert pick(found, *ALL, of=OTHERS) == pick(now, *ALL, of=OTHERS)
    assert dump_others(deployment, schema) == others
    assert deployment.find_schema("museum/", like="_before") == ""


@drill
@pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed")
def test_a_bucket_that_is_copied_back_is_public_where_it_was(deployment):
    back_up, copy_back = BUCKET
    deployment.type(back_up, code=0)
    before = deployment.do("check")
    deployment.do("unpublish")
    now = deployment.do("check")
    empty(deployment.bucket)
    said = deployment.type(copy_back, code=0)
    found = deployment.do("check")
    assert pick(found, *OPENS, "public", "quota") == pick(now, *OPENS, "public", "quota")
    # The copies of what was unpublished came back as well, for nobody, and with all headers.
    assert pick(found, "objects") == pick(before, "objects")
    assert said.count("Its ACL lets the public read it again.") == count_public(now)
    assert said.count("orphaned: ") == count_public(before) - count_public(now)
