"""A database that is restored from a backup finds the bytes of every document that it names."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from gateway.demo.postgres.binaries import find_binaries
from tests.restore_drill_app_files import NOT_REPUBLISHED, PRIVATE, PUBLIC
from tests.soak.running import run
from tests.tenants.conftest import connected

pytestmark = [pytest.mark.django_db, pytest.mark.bucket, pytest.mark.slow(seconds=60)]
DRILL = "tests.restore_drill"
ALL_FILES = [f"default {fate}" for fate in PUBLIC] + [f"private {fate}" for fate in PRIVATE]


@pytest.fixture
def databases() -> Iterator[list[str]]:
    """Return the URLs of two empty databases, which go afterwards."""
    names = [f"drill_{number}_{os.getpid()}" for number in (1, 2)]
    with connected() as admin:
        admin.autocommit = True
        for name in names:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {name}")
        url = urlsplit(os.environ["DATABASE_URL"])
        yield [url._replace(path=f"/{name}").geturl() for name in names]
        for name in names:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run_postgres(program: str, *options: str) -> None:
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [find_binaries().folder / program, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def require_refusal_until_take_over(database: str, room: dict[str, str]) -> None:
    """See that a database removes and changes nothing before it takes the prefix over, then let it do so."""
    before = run("keys", module=DRILL, DATABASE_URL=database, **room)
    for command in ("sweep", "repair"):
        said = run(command, module=DRILL, DATABASE_URL=database, **room)
        assert "Nothing is removed or moved" in said
    assert run("keys", module=DRILL, DATABASE_URL=database, **room) == before
    assert "taken over" in run("take_over", module=DRILL, DATABASE_URL=database, **room)


def test_a_copy_beside_the_real_database_removes_nothing_and_the_real_one_goes_on(
    databases, acme, globex
):
    real, copy = databases
    room = {"LOCATION_PREFIX": f"drill-{uuid4().hex[:8]}/"}
    run("prepare", module=DRILL, DATABASE_URL=real, **room)
    name = urlsplit(copy).path.strip("/")
    with connected() as admin:
        admin.autocommit = True
        admin.execute(f"DROP DATABASE {name}")
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {urlsplit(real).path.strip('/')}")
    run("change", module=DRILL, DATABASE_URL=real, **room)
    require_refusal_until_take_over(copy, room)
    # Of the two only the one that the marker names removes.
    assert "Nothing is removed or moved" in run("sweep", module=DRILL, DATABASE_URL=real, **room)
    assert "Removed 0 object(s)" in run("sweep", module=DRILL, DATABASE_URL=copy, **room)


def test_every_document_of_a_restored_backup_opens_and_nothing_else_is_public(
    databases, tmp_path: Path, acme, globex
):
    old, new = databases
    room = {"LOCATION_PREFIX": f"drill-{uuid4().hex[:8]}/"}
    digests = run("prepare", module=DRILL, DATABASE_URL=old, **room)
    dump = str(tmp_path / "gateway.dump")
    run_postgres("pg_dump", "--format=custom", f"--file={dump}", old)
    run("change", module=DRILL, DATABASE_URL=old, **room)
    run_postgres("pg_restore", f"--dbname={new}", "--no-owner", dump)

    found = run("check", module=DRILL, DATABASE_URL=new, **room)
    assert found["digests"] == digests
    was_public = {f"{name}: {title}" for name in ("first", "second")
                  for title in ("stays public", "unpublished later", "photo", "again")}  # fmt: skip
    # What was unpublished since is public for nobody, whatever the backup says.
    assert set(found["public"]) == {"second: photo", "second: stays public"}

    # Nobody gets another file's bytes under its name, and two are nowhere where their rows say.
    for files in found["app_files"].values():
        assert set(ALL_FILES) - set(files["opened"]) == {
            "default deleted", "default replaced", "default taken down",
        }  # fmt: skip

    require_refusal_until_take_over(new, room)
    said = run("repair", module=DRILL, DATABASE_URL=new, **room)
    assert "Its ACL keeps the public from reading it." in said
    found = run("check", module=DRILL, DATABASE_URL=new, **room)
    assert set(found["public"]) == was_public
    republished = {fate for fate in PUBLIC if fate != NOT_REPUBLISHED}
    for files in found["app_files"].values():
        assert (files["opened"], set(files["public"])) == (ALL_FILES, republished)
    public = len(was_public) + 2 * len(republished)
    assert found["keys"] == public, "The public reads what is public, and nothing else."
    assert found["digests"] == digests
