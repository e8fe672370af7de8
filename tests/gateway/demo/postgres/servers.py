"""What the tests do with servers: ask them, start them from a shell, kill them."""

import os
import signal
import site
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.demo.postgres import EmbeddedPostgres
from gateway.demo.postgres.account import Account, find_account
from gateway.demo.postgres.processes import PidFile, find_server_processes, read_pid_file

ROOT = Path(__file__).resolve().parents[4]
NOBODY = Account(65534, 65534)


def ask(server: EmbeddedPostgres, question: str):
    with psycopg.connect(server.build_url("postgres"), autocommit=True) as connection:
        answer = connection.execute(question)
        return answer.fetchone() if answer.description else None


def processes(server: EmbeddedPostgres) -> set[int]:
    return find_server_processes(server.home, find_account(server.home))


def pid_file(server: EmbeddedPostgres) -> PidFile:
    written = read_pid_file(server.home)
    assert written is not None
    return written


def kill_postmaster(server: EmbeddedPostgres) -> None:
    os.kill(pid_file(server).pid, signal.SIGKILL)
    wait_until(lambda: not server.is_running())


def wait_until(condition: Callable[[], bool], seconds: int = 120) -> None:
    patience = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < patience
        time.sleep(0.005)


def run(program: str, *arguments, **how) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  # full paths, chosen by the tests
        [program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **how,
    )


def command(*arguments, **environment) -> subprocess.Popen[str]:
    """Run `python -m gateway.demo.postgres`."""
    environment = os.environ | environment
    return run(sys.executable, "-m", "gateway.demo.postgres", *arguments, cwd=ROOT, env=environment)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def python_for(how: dict[str, Any]) -> str:
    """Return a Python with psycopg that runs like this, or skip the test."""
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            if finish(run(python, "-c", "import psycopg, environ", **how))[0] == 0:
                return python
        except OSError:
            continue
    return pytest.skip("that user can run no Python that has what is needed")


def command_as(account: Account, *arguments) -> tuple[int, str, str]:
    """Run `python -m gateway.demo.postgres` as another user."""
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), *site.getsitepackages()])}
    who = {"user": account.uid, "group": account.gid, "extra_groups": []}
    how = {**who, "env": paths, "cwd": "/"}
    return finish(run(python_for(how), "-m", "gateway.demo.postgres", *arguments, **how))
