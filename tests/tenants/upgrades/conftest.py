"""A deployment of its own, in a database of its own: tenants made by this code, then commands of newer code."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("acme", "globex", "hooli", "initech")
# What hangs is ended; what is only slow is not.
SECONDS_AT_MOST = 300
# Databases are the server's, which the processes of one run share.
PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "gw")
TEMPLATE, COPY = f"gateway_upgrades_{PROCESS}", f"gateway_upgrade_{PROCESS}"
MAKE_TENANTS = f"""
import django
django.setup()
from django.core.management import call_command
call_command("migrate_schemas", shared=True, verbosity=0)
from tenants.provisioning import create_tenant
for name in {NAMES}:
    create_tenant(name=name.title(), location_prefix=name + "/", domain=name + ".example")
"""


@dataclass(frozen=True)
class Deployment:
    """A database with four tenants, and this code or newer code on it."""

    database: str

    @property
    def url(self) -> str:
        return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{self.database}").geturl()

    def start(
        self, *command: str, newer: str = "", stdin: int | None = None
    ) -> subprocess.Popen[str]:
        """Start Python with this, as the code of today or as newer code."""
        given = {**os.environ, "DATABASE_URL": self.url, "NEWER": newer}
        given["DJANGO_SETTINGS_MODULE"] = (
            "tests.tenants.upgrades.newer_settings" if newer else "gateway.settings"
        )
        return subprocess.Popen(  # noqa: S603 - our own Python and our own commands
            [sys.executable, *command],
            env=given, cwd=ROOT, text=True, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(
        self, *command: str, newer: str = "", seconds: float | None = SECONDS_AT_MOST
    ) -> "Ended":
        return ended(self.start(*command, newer=newer), seconds)

    def migrate(self, *options: str, newer: str = "adds") -> "Ended":
        return self.run("manage.py", "migrate_tenants", *options, newer=newer)

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            found = connection.execute(statement, values or None)
            return list(found.fetchall()) if found.description else []

    @contextmanager
    def lock_table(self, table: str) -> Iterator[None]:
        """Let others read the table, and wait when they would change it."""
        with closing(psycopg.connect(self.url)) as connection:
            connection.execute(f"LOCK TABLE {table} IN SHARE MODE")
            yield

    def has_lock_waiter(self) -> bool:
        return "Lock" in self._what_clients_wait_for()

    def has_clients(self) -> bool:
        return bool(self._what_clients_wait_for())

    def _what_clients_wait_for(self) -> list[str | None]:
        found = (
            "SELECT wait_event_type FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return [row[0] for row in self.sql(found)]

    def schema(self, name: str) -> str:
        found = self.sql(
            "SELECT schema_name FROM tenants_tenant WHERE location_prefix = %s", f"{name}/"
        )
        return str(found[0][0])

    def noted(self) -> dict[str, str]:
        """Return what is noted of each tenant's stamp, by name."""
        rows = self.sql("SELECT location_prefix, schema_version FROM tenants_tenant ORDER BY 1")
        return {prefix.rstrip("/"): version.partition("stamp.")[2] for prefix, version in rows}

    def applied(self, name: str) -> list[str]:
        """Return the migrations of the stamp that a tenant's schema has."""
        rows = self.sql(
            f"SELECT name FROM {self.schema(name)}.django_migrations WHERE app = 'stamp' ORDER BY id"  # noqa: S608 - a generated name
        )
        return [row[0] for row in rows]

    def has_colour(self, name: str) -> bool:
        found = "SELECT 1 FROM information_schema.columns WHERE (table_schema, column_name) = (%s, 'colour')"
        return bool(self.sql(found, self.schema(name)))


@dataclass(frozen=True)
class Ended:
    """What a command said in the end."""

    code: int
    said: str
    complained: str


def ended(process: subprocess.Popen[str], seconds: float | None = SECONDS_AT_MOST) -> Ended:
    said, complained = process.communicate(timeout=seconds)
    return Ended(process.returncode, said, complained)


def wait_for(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition is true."""
    until = time.monotonic() + SECONDS_AT_MOST
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def on_the_server(statement: str) -> None:
    with closing(psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)) as connection:
        connection.execute(statement)


@pytest.fixture(scope="module")
def template() -> Iterator[str]:
    """A database with four tenants of this code, to be copied."""
    on_the_server(f"DROP DATABASE IF EXISTS {TEMPLATE}")
    on_the_server(f"CREATE DATABASE {TEMPLATE}")
    made = Deployment(TEMPLATE).run("-c", MAKE_TENANTS)
    assert made.code == 0, made.complained
    yield TEMPLATE
    on_the_server(f"DROP DATABASE {TEMPLATE}")


@pytest.fixture
def deployment(template: str) -> Iterator[Deployment]:
    on_the_server(f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)")
    on_the_server(f"CREATE DATABASE {COPY} TEMPLATE {template}")
    yield Deployment(COPY)
    on_the_server(f"DROP DATABASE {COPY} WITH (FORCE)")
