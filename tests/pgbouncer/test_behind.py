"""What becomes of the gateway behind a real PgBouncer: refused in transaction mode, right in session mode."""

import subprocess
import sys
from contextlib import closing

import pytest
from django.db import connection

from tenants.models import Tenant
from tests.environment import ROOT
from tests.gunicorn import asked, gunicorn, settings_behind
from tests.pgbouncer.bouncer import bouncer
from tests.pgbouncer.conftest import LOOKS
from tests.soak.__main__ import THREADS
from tests.soak.kinds import KINDS
from tests.soak.running import fill, run
from tests.tenants.conftest import connected

pytestmark = [pytest.mark.django_db, pytest.mark.pgbouncer]


# --- what refuses


def test_in_transaction_mode_a_server_starts_says_why_and_serves_nobody(world, tmp_path):
    with bouncer("transaction", 1) as url, gunicorn(url, tmp_path / "log") as address:
        for host in ("acme.example", "agency.localhost", "nobody.example"):
            answer = asked(address, "/", host)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
            assert answer.text == "The gateway is not ready. Please try again in a moment.\n"
        ready = asked(address, "/readyz")
        assert (ready.status_code, ready.text) == (503, "not ready: connections are not proved\n")
        assert asked(address, "/healthz").status_code == 200
    assert "pool_mode = session" in (tmp_path / "log").read_text()


def test_in_session_mode_a_server_serves(world, tmp_path):
    with bouncer("session", 8) as url, gunicorn(url, tmp_path / "log") as address:
        assert asked(address, "/readyz").text == "ready\n"
        assert asked(address, "/", "nobody.example").status_code == 404
        assert "/accounts/login/" in asked(address, "/").headers["Location"]


@pytest.mark.parametrize(
    "command",
    [("check", "--database", "default"), ("migrate_schemas",), ("sweep_uploads",), ("worker",)],
)
def test_in_transaction_mode_commands_are_refused_with_the_remedy(command, world):
    with bouncer("transaction", 1) as url:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "manage.py", *command],
            env=settings_behind(url),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "pool_mode = session" in done.stderr
    assert "Traceback" not in done.stderr


def test_in_session_mode_a_worker_does_jobs(world):
    with closing(connected()) as watcher, bouncer("session", 10) as url:
        watcher.autocommit = True
        for command in (("jobs", "run", "clear_sessions"), ("worker", "--once")):
            done = subprocess.run(  # noqa: S603 - our own command
                [sys.executable, "manage.py", *command],
                env=settings_behind(url),
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
        ended = "DELETE FROM jobs_jobstate WHERE ended_at IS NOT NULL RETURNING kind"
        assert watcher.execute(ended).fetchall() == [("clear_sessions",)]


# --- what the stamp makes of it, where the check is passed by


@pytest.mark.parametrize("size", [1, 3])
def test_in_transaction_mode_a_look_finds_its_own_rows_or_nothing(
    size, committed, acme, globex, record_property
):
    committed(lambda: fill(acme, globex))
    with bouncer("transaction", size) as url:
        found = run("3", "--unproved", DATABASE_URL=url)
    record_property(
        LOOKS, {what: found.get(what, 0) for what in ("right", "empty", "failed", "wrong")}
    )
    assert found.get("wrong", 0) == 0
    assert found["right"]
    # Else nothing was mixed up, and nothing proved.
    assert found["empty"] or found["failed"]
    assert {name for tenant in (acme, globex) for name in strangers(tenant)} == set()


def strangers(tenant: Tenant) -> set[str]:
    """Return the names that stand in a tenant's rows and are not its own, whatever the stamp says."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT document_name FROM "{tenant.schema_name}".media_core_accessevent UNION '  # noqa: S608 - our own names
            f'SELECT title FROM "{tenant.schema_name}".media_core_document'
        )
        return {name for (name,) in cursor.fetchall()} - {tenant.name}


# --- what works


@pytest.mark.parametrize("pool", ["0", "3"])
def test_in_session_mode_every_answer_is_the_right_tenants(pool, committed, acme, globex):
    committed(lambda: fill(acme, globex))
    with bouncer("session", 40) as url:
        found = run("2", DATABASE_URL=url, DATABASE_POOL_SIZE=pool)
    uses = 2 * THREADS * len(KINDS) * 2
    assert found == {"uses": uses, "right": found["right"]}
