import os
import shutil
import signal
from pathlib import Path

import psycopg
import pytest

from gateway.demo.postgres.account import find_account, is_root
from gateway.demo.postgres.errors import StartFailed, UnusableData
from gateway.demo.postgres.processes import read_pid_file
from tests.gateway.demo.postgres.servers import (
    ask,
    command,
    finish,
    kill_postmaster,
    pid_file,
    processes,
    run,
    wait_until,
)

pytestmark = pytest.mark.postgres


def test_recovers_after_the_postmaster_was_killed(server):
    server.start()
    ask(server, "CREATE DATABASE kept")
    with psycopg.connect(server.build_url("postgres")) as busy:
        busy.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
        assert not server.has_ended()
        kill_postmaster(server)
        orphans = processes(server)
        assert server.has_ended()
        server.start()
        busy.close()
    assert orphans
    psycopg.connect(server.build_url("kept")).close()


def test_recovers_when_the_number_of_the_dead_postmaster_was_given_away(server):
    server.start()
    kill_postmaster(server)
    user = find_account(server.home).uid if is_root() else None
    other = run("/bin/sleep", 60, user=user)
    for lock in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        lines = (server.home / lock).read_text().split("\n")
        (server.home / lock).write_text("\n".join([str(other.pid), *lines[1:]]))
    try:
        server.start()
    finally:
        other.kill()
        finish(other)
    assert server.is_running()


@pytest.mark.slow(seconds=10)
def test_recovers_when_its_folder_was_deleted_while_it_ran(server):
    server.start()
    before = processes(server)
    shutil.rmtree(server.home)
    server.start()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in before), seconds=2)


def test_recovers_after_it_was_killed_while_making_the_cluster(server, folder):
    starting = command("start", "--data", server.data)
    wait_until(lambda: any(folder.glob(".*.half/PG_VERSION")))
    os.killpg(starting.pid, signal.SIGKILL)
    finish(starting)
    assert not server.data.exists()
    server.start()
    assert not list(folder.glob(".*.half"))


def test_waits_for_a_server_that_is_on_its_way(server):
    starting = command("start", "--fast", "--data", server.data)
    wait_until(lambda: read_pid_file(server.data) is not None)
    starting.kill()
    finish(starting)
    on_its_way = pid_file(server).pid
    server.start()
    assert pid_file(server).pid == on_its_way


def test_a_copied_folder_does_not_lead_to_the_server_of_the_first(running, servers, folder):
    copied = servers(folder / "copied")
    shutil.copytree(running.home, copied.data, ignore=shutil.ignore_patterns(".s.*"))
    assert not copied.is_running()


@pytest.mark.parametrize("name", ["base", "PG_VERSION"])
def test_a_folder_that_is_no_cluster_of_ours_is_left_alone(server, name):
    server.data.mkdir()
    (server.data / name).write_text("9.6\n")
    with pytest.raises(UnusableData, match=f"{server.data} .*`make clean`"):
        server.start()
    assert (server.data / name).read_text() == "9.6\n"


def test_a_broken_cluster_is_named_and_left_alone(server):
    server.start()
    server.stop()
    (server.home / "global" / "pg_control").write_bytes(b"")
    with pytest.raises(StartFailed, match=f"{server.home}: .*pg_control.*`make clean`") as refused:
        server.start()
    assert len(str(refused.value).splitlines()) == 1
    assert (server.home / "PG_VERSION").exists()
