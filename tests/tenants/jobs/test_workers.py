"""Workers as processes: they end when told to, and one that is killed loses nothing."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection

from tenants.jobs.worker import KEEPALIVES
from tests.soak.running import run
from tests.tenants.conftest import connected
from tests.tenants.jobs.soak import MANY_ROWS, ROWS, TENANTS

pytestmark = pytest.mark.django_db
SOAK = "tests.tenants.jobs.soak"


@pytest.fixture
def own_database() -> Iterator[str]:
    """Return the URL of an empty database, which goes afterwards."""
    name = f"jobs_{os.getpid()}"
    with connected() as admin:
        admin.autocommit = True
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name}")
        yield urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def worker(url: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", SOAK, "worker"],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "gateway.settings",
            "DATABASE_URL": url,
            **environment,
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def count_done(url: str) -> int:
    with psycopg.connect(url) as own:
        row = own.execute("SELECT count(*) FROM effect").fetchone()
    return int(row[0]) if row else 0


def wait_for(url: str, done: int, *, gives_back: bool = False) -> None:
    """Wait until so many are done; with `gives_back` do what workers do every minute: give back jobs of killed ones."""
    until = time.monotonic() + 300
    while count_done(url) < done:
        assert time.monotonic() < until, f"Only {count_done(url)} of {done} are done."
        if gives_back:
            run("give_back", module=SOAK, DATABASE_URL=url)
        else:
            time.sleep(0.2)


@pytest.mark.run_first
@pytest.mark.parametrize(
    ("kills", "tenants"), [(2, TENANTS), pytest.param(20, 50, marks=pytest.mark.slow(seconds=60))]
)
def test_each_job_is_done_once_and_for_its_tenant_whoever_is_killed(own_database, kills, tenants):
    run("prepare", module=SOAK, DATABASE_URL=own_database, SOAK_TENANTS=str(tenants))
    total, chance = tenants * ROWS, random.Random(7)  # noqa: S311 - when to kill
    for number in range(1, kills + 1):
        with worker(own_database), worker(own_database) as other:
            wait_for(own_database, number * total // (kills + 2), gives_back=True)
            other.send_signal(signal.SIGKILL)
            time.sleep(chance.random() / 5)
    with worker(own_database), worker(own_database):
        wait_for(own_database, total, gives_back=True)
    found = run("report", module=SOAK, DATABASE_URL=own_database)
    assert found == {"done": total, "distinct": total, "mixed": 0}


@pytest.mark.slow(seconds=10)
def test_threads_share_a_pool_with_fewer_connections(own_database):
    run("prepare", module=SOAK, DATABASE_URL=own_database)
    with worker(own_database, DATABASE_POOL_SIZE="3"):
        wait_for(own_database, TENANTS * ROWS)
    found = run("report", module=SOAK, DATABASE_URL=own_database)
    assert found == {"done": TENANTS * ROWS, "distinct": TENANTS * ROWS, "mixed": 0}


@pytest.mark.slow(seconds=25)
def test_ten_thousand_rows_of_one_tenant_delay_the_others_by_one_step(own_database):
    for action in ("prepare", "ask_for_many"):
        run(action, module=SOAK, DATABASE_URL=own_database)
    with worker(own_database, SOAK_THREADS="1"):
        wait_for(own_database, MANY_ROWS + (TENANTS - 1) * ROWS)
    with psycopg.connect(own_database) as own:
        found = own.execute(
            "SELECT location_prefix = 't0/' FROM effect JOIN tenants_tenant ON tenants_tenant.id = of_tenant "
            "ORDER BY effect.id"
        ).fetchall()
    owners = [is_first for (is_first,) in found]
    others = [number for number, is_first in enumerate(owners) if not is_first]
    assert others[-1] - others[0] == len(others) - 1, "The others wait for one step of the first."
    assert owners[-1], "The first has rows left when the others are done."


@pytest.mark.slow(seconds=15)
def test_a_job_begins_within_seconds_where_no_notification_arrives(own_database):
    run("prepare", module=SOAK, DATABASE_URL=own_database)
    with worker(own_database):
        wait_for(own_database, TENANTS * ROWS)
        run("ask_again", module=SOAK, DATABASE_URL=own_database)
        wait_for(own_database, TENANTS * ROWS + 1)


def test_postgresql_soon_finds_out_that_a_workers_machine_has_vanished(acme, globex, connect):
    own = connect()
    own.execute(KEEPALIVES)
    row = own.execute("SHOW tcp_keepalives_idle").fetchone()
    # A socket of the same machine has none: whoever vanishes there takes PostgreSQL along.
    assert row == ("0" if own.info.host.startswith("/") else "30",)


def test_nothing_of_it_lies_in_a_tenants_schema(acme, globex):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT table_schema FROM information_schema.tables "
            "WHERE table_name LIKE 'procrastinate%%' OR table_name LIKE 'jobs%%'"
        )
        assert cursor.fetchall() == [("public",)]


def jobs_by_status(url: str, queue: str) -> list[tuple[str, int]]:
    with psycopg.connect(url) as own:
        return own.execute(
            "SELECT status, count(*) FROM procrastinate_jobs WHERE queue_name = %s GROUP BY 1",
            [queue],
        ).fetchall()


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said


def test_told_to_end_it_leaves_the_rest_to_others(own_database):
    run("prepare", module=SOAK, DATABASE_URL=own_database)
    with worker(own_database) as process:
        wait_for(own_database, 1)
        end(process)
    statuses = dict(jobs_by_status(own_database, "soak.v1"))
    assert set(statuses) == {"todo"}


@pytest.mark.slow(seconds=15)
def test_what_does_not_end_is_given_back(own_database):
    for action in ("prepare", "stick"):
        run(action, module=SOAK, DATABASE_URL=own_database)
    with worker(own_database) as process:
        until = time.monotonic() + 120
        while jobs_by_status(own_database, "stuck.v1") != [("doing", 1)]:
            assert time.monotonic() < until
            time.sleep(0.1)
        end(process)
    assert jobs_by_status(own_database, "stuck.v1") == [("todo", 1)]


def test_a_job_of_newer_code_is_left_alone(own_database):
    run("prepare", module=SOAK, DATABASE_URL=own_database)
    with psycopg.connect(own_database) as own:
        own.execute(
            "UPDATE procrastinate_jobs SET queue_name = 'soak.v2', task_name = 'soak.v2' "
            "WHERE id = (SELECT min(id) FROM procrastinate_jobs)"
        )
    with worker(own_database):
        wait_for(own_database, (TENANTS - 1) * ROWS)
    assert jobs_by_status(own_database, "soak.v2") == [("todo", 1)]
