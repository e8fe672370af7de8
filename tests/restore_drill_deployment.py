"""A gateway with a database and a bucket of its own, in which the commands of docs/howto/backup.md are typed."""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from gateway.demo.postgres.binaries import find_binaries
from tests.deploy.page import read_blocks
from tests.environment import ROOT
from tests.soak.running import run

PAGE = ROOT / "docs" / "howto" / "backup.md"
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

    def type(self, heading: str, *, code: int) -> str:
        """Type what stands under this heading, into one shell that ends with this code; return what it says."""
        return self.run("\n".join(read_page()[heading]), code=code)

    def run(self, commands: str, *, code: int) -> str:
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
from gateway.demo.resolution import resolve_localhost_names
with resolve_localhost_names():
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
