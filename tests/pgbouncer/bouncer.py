"""A PgBouncer of the tests' own, in front of the database of the tests: on loopback, gone when the block ends."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from django.db import connection

from gateway.demo.postgres.account import Account, find_account, is_root
from gateway.demo.postgres.embedded_postgres import EmbeddedPostgres
from tests.environment import ROOT
from tests.gunicorn import free_port

SECONDS_TO_START = 120
INI = """\
[databases]
{database} = {server}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
logfile = {folder}/pgbouncer.log
pidfile =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
server_round_robin = {round_robin}
query_wait_timeout = {patience}
max_client_conn = 100
"""


def program() -> str:
    """Return the path of PgBouncer; Debian has it where only root's PATH leads."""
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found, "PgBouncer is not installed: `make test-pgbouncer` says how to get it."
    return found


@contextmanager
def bouncer(
    mode: str, size: int, *, round_robin: bool = False, patience: int = 30
) -> Iterator[str]:
    """Lend the URL by which the database of the tests is reached through a PgBouncer."""
    account = servers_account()
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as name:
        folder, port = Path(name), free_port()
        facts = {"mode": mode, "size": size, "patience": patience, "round_robin": int(round_robin)}
        written = INI.format(**facts, **where(), port=port, folder=folder)
        (folder / "pgbouncer.ini").write_text(written)
        for path in (folder, folder / "pgbouncer.ini"):
            account.chown(path)
        with running(folder, account):
            database = quote(connection.settings_dict["NAME"], safe="")
            url = f"postgres://anybody@127.0.0.1:{port}/{database}"
            wait_for(url, folder)
            yield url


@contextmanager
def running(folder: Path, account: Account) -> Iterator[None]:
    # PgBouncer refuses to run as root. Who runs the embedded server also reaches its socket.
    user = {"user": account.uid, "group": account.gid, "extra_groups": []} if is_root() else {}
    process = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603 - our own file
        [program(), "-q", str(folder / "pgbouncer.ini")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **user,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def servers_account() -> Account:
    """Return who runs the embedded PostgreSQL; of a server that was given, whoever we are or may become."""
    data = ROOT / ".data" / "postgres"
    return find_account(EmbeddedPostgres(data).home)


def where() -> dict[str, str]:
    """Return the database of the tests, and how it is reached, as PgBouncer writes it."""
    given = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    server = [f"{name}='{given[name]}'" for name in names if given.get(name)]
    return {"database": given["dbname"], "server": " ".join(server)}


def wait_for(url: str, folder: Path) -> None:
    """Return as soon as PgBouncer answers; show its log when it does not."""
    until = time.monotonic() + SECONDS_TO_START
    while not answers(url):
        log = folder / "pgbouncer.log"
        said = log.read_text() if log.exists() else ""
        assert time.monotonic() < until, f"PgBouncer does not answer: {said}"
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
