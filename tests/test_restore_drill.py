"""A backup is restored by the commands of docs/howto/backup.md: all of it opens, and nothing else is public."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict

from gateway.demo.postgres.binaries import find_binaries
from media_core.bucket.client import get_bucket_client
from tests.environment import ROOT
from tests.restore_drill_app_files import FATES
from tests.restore_drill_deployment import (
    Deployment,
    make_rclone_settings,
    make_shell,
    read_page,
)
from tests.tenants.conftest import connected

pytestmark = [pytest.mark.django_db, pytest.mark.bucket]
BACKUP = "Back up the database"
WHOLE = (
    "Restore the database",
    "Take the bucket over",
    "Compare it with the bucket",
    "Put right what differs",
    "Publish again",
)
ONE_TENANT = (
    "Restore one tenant",
    "Serve the tenant again",
    "Compare the tenant with the bucket",
    "Remove the schema of before",
)
BUCKET = ("Back up the bucket", "Copy the bucket back")


def drill(test: Any) -> Any:
    """Mark a drill: it takes long, and is typed on Ceph RGW as well."""
    return pytest.mark.slow(seconds=60)(pytest.mark.ceph_once(test))


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
            get_bucket_client().create_bucket(Bucket=each)
        made.do("prepare")
        yield made
        for each in (bucket, f"{bucket}-copy"):
            empty(each)
            get_bucket_client().delete_bucket(Bucket=each)
        for database in (made.name, made.new_database):
            admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


def empty(bucket: str) -> None:
    for page in get_bucket_client().get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            get_bucket_client().delete_object(Bucket=bucket, Key=entry["Key"])


def pick(found: dict[str, Any], *facts: str, of: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return some facts of every tenant, or of these."""
    return {name: [found[name][fact] for fact in facts] for name in of or found}


def find_public_then_and_now(backup: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Return the objects that the public could read when the backup was made, and can read now."""
    return {name: [sorted(find_public(backup[name]) & find_public(now[name]))] for name in backup}


def find_public(tenant: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the keys that the public can read, each with the digest of its bytes."""
    return {(key, tenant["objects"][key][-1]) for key in tenant["public"]}


def list_public(found: dict[str, Any]) -> dict[str, Any]:
    return {name: [sorted(find_public(tenant))] for name, tenant in found.items()}


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


OPENS = ("documents", "versions", "app files")
ALL = (*OPENS, "named public", "public", "objects", "quota")
# Of the public files of apps one is left out, whose name has another file. The club's were all taken down.
REPUBLISHED = {"museum": -1, "school": -1, "club": 0}
# What `change` in tests/restore_drill.py leaves in the bucket; the fourth tenant's is on disk.
IN_BUCKET, ON_DISK = ("museum", "school", "club"), ("archive",)
OTHERS = ("school", "club", "archive")


def test_the_drill_types_every_command_of_the_page() -> None:
    assert set(read_page()) == {BACKUP, *WHOLE, *ONE_TENANT, *BUCKET}


def require_refusal(deployment: Deployment) -> None:
    """See that by this database nothing is removed, moved or closed."""
    before = deployment.do("check")
    for command in ("manage.py sweep_uploads", "manage.py bucket verify --repair"):
        assert "Nothing is removed or moved" in deployment.run(command, code=1)
    assert deployment.do("check") == before


def require_no_removal(deployment: Deployment) -> None:
    """See that the sweep does its work by this database, and that no object is removed by it."""
    before = deployment.do("check")
    assert "Removed 0 object(s)" in deployment.run("manage.py sweep_uploads", code=0)
    assert pick(deployment.do("check"), "objects") == pick(before, "objects")


def dump_and_change(deployment: Deployment) -> tuple[dict[str, Any], dict[str, Any]]:
    """Dump the database, then let much happen; return what was there before, and what is there now."""
    backup = deployment.do("check")
    for tenant in backup.values():
        assert all(digest for fact in OPENS for digest in tenant[fact].values())
    deployment.type(BACKUP, code=0)
    deployment.do("change")
    return backup, deployment.do("check")


@drill
def test_every_version_of_a_restored_backup_opens_and_nothing_else_is_public(deployment):
    restore, take_over, compare, repair, republish = WHOLE
    backup, now = dump_and_change(deployment)
    deployment.type(restore, code=0)
    deployment.use(deployment.new_database)

    found, documents = deployment.do("check"), OPENS[:2]
    assert pick(found, *documents, of=IN_BUCKET) == pick(backup, *documents, of=IN_BUCKET)
    assert pick(found, "public", "objects") == pick(now, "public", "objects")
    require_no_bytes_of_others(found, backup)

    require_refusal(deployment)
    deployment.type(take_over, code=0)
    require_no_removal(deployment)

    said = deployment.type(compare, code=1)
    assert {line.partition(":")[0] for line in said.splitlines()[:-1]} == {
        "orphaned", "missing", "wrong bytes", "taken down",
    }  # fmt: skip

    said = deployment.type(repair, code=1)
    assert "Its ACL keeps the public from reading it." in said
    found = deployment.do("check")
    assert pick(found, *OPENS) == pick(backup, *OPENS)
    assert list_public(found) == find_public_then_and_now(backup, now)
    assert count_public(found) > 0

    deployment.type(republish, code=1)
    found = deployment.do("check")
    assert pick(found, "named public") == pick(backup, "named public")
    for name in IN_BUCKET:
        files = len(FATES["default"]) + REPUBLISHED[name]
        assert len(found[name]["public"]) == len(backup[name]["named public"]) + files
    assert pick(found, *OPENS) == pick(backup, *OPENS)


def require_no_bytes_of_others(found: dict[str, Any], backup: dict[str, Any]) -> None:
    """See that apps get of each file the bytes that it had in the backup, or none."""
    for name, tenant in found.items():
        for file, digest in tenant["app files"].items():
            assert digest in {"", backup[name]["app files"][file]}


@drill
def test_a_copy_beside_the_real_database_removes_nothing_until_it_takes_over(deployment):
    with connected() as admin:
        admin.autocommit = True
        admin.execute(f"CREATE DATABASE {deployment.new_database} TEMPLATE {deployment.name}")
    # By the real one much is removed.
    deployment.do("change")
    deployment.use(deployment.new_database)
    require_refusal(deployment)
    deployment.type("Take the bucket over", code=0)
    require_no_removal(deployment)
    # Of the two only the one that the marker names removes.
    deployment.use(deployment.name)
    require_refusal(deployment)


@drill
def test_one_tenant_is_restored_beside_the_others(deployment):
    backup, now = dump_and_change(deployment)
    schema = deployment.find_schema("museum/")
    others = dump_others(deployment, schema)

    restore, serve, compare, remove = ONE_TENANT
    deployment.type(restore, code=0)
    deployment.type(serve, code=0)
    # It is the same database, so the marker names it.
    require_no_removal(deployment)
    said = deployment.type(compare, code=1)
    assert {line.split("/")[0] for line in said.splitlines()[:-1]} == {
        "orphaned: museum", "missing: museum", "wrong bytes: museum", "taken down: museum",
    }  # fmt: skip
    # As in the shell that has typed the first.
    deployment.environment["schema"] = schema
    deployment.type(remove, code=0)
    found = deployment.do("check")
    assert pick(found, *OPENS, "quota")["museum"] == pick(backup, *OPENS, "quota")["museum"]
    [expected] = find_public_then_and_now(backup, now)["museum"]
    brought_back = (
        "museum/media/drill/brought back.txt",
        backup["museum"]["app files"]["default brought back"],
    )
    assert find_public(found["museum"]) == {*expected, brought_back}
    assert pick(found, *ALL, of=OTHERS) == pick(now, *ALL, of=OTHERS)
    assert dump_others(deployment, schema) == others
    assert deployment.find_schema("museum/", like="_before") == ""


@drill
def test_a_bucket_that_is_copied_back_is_public_where_it_was(deployment):
    back_up, copy_back = BUCKET
    deployment.type(back_up, code=0)
    before = deployment.do("check")
    deployment.do("unpublish")
    now = deployment.do("check")
    empty(deployment.bucket)
    # Of each tenant a file of an app was taken down before, and stays so.
    said = deployment.type(copy_back, code=1)
    assert said.count("taken down: ") == len(now)
    found = deployment.do("check")
    assert pick(found, *OPENS, "public", "quota") == pick(now, *OPENS, "public", "quota")
    # The copies of what was unpublished came back as well, for nobody, and with all headers.
    assert pick(found, "objects") == pick(before, "objects")
    assert said.count("Its ACL lets the public read it again.") == count_public(now)
    assert said.count("orphaned: ") == count_public(before) - count_public(now)
