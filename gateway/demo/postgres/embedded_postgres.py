"""Starts and stops an embedded server, whoever asks and however the last one ended."""

import errno
import fcntl
import re
import shutil
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from signal import SIGINT
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import make_conninfo

from gateway.demo.postgres.account import Account, find_account, is_root
from gateway.demo.postgres.binaries import find_binaries, require_binaries
from gateway.demo.postgres.cluster import PORT, Cluster, has_content, is_cluster
from gateway.demo.postgres.errors import NotRunning, Unresponsive
from gateway.demo.postgres.private_folders import build_private_path, hold_lock, make_private_folder
from gateway.demo.postgres.processes import find_server_processes, read_pid_file

SECONDS_TO_SETTLE = 60
SECONDS_TO_ANSWER = 10
MAX_SOCKET_PATH_BYTES = 103  # bytes that fit everywhere: sun_path has 104 on the BSDs, 108 on Linux


class EmbeddedPostgres:
    """A server over the cluster in `data`, which the first start makes.

    It is a daemon and outlives this process. Leaving a `with` stops it, by Ctrl-C too, unless
    another `with` over the same folder goes on. After a kill it goes on running, and the next
    start uses it; where it was killed itself, the next start recovers. Authentication is trust:
    whoever reaches the socket is let in, so that only the server's user and root reach it.

    `fast` gives up durability for speed, for tests. `binaries` is the folder of the programs to
    run, in place of those that find_binaries() finds.
    """

    def __init__(self, data: Path, *, fast: bool = False, binaries: Path | None = None) -> None:
        self.data = data.resolve()
        self.fast = fast
        self._binaries = binaries
        self._private_folder = build_private_path(self.data)
        self._use = ExitStack()

    @property
    def home(self) -> Path:
        """Where the cluster is: `data`, or the folder when root's `data` was out of reach."""
        hidden = self._private_folder / "data"
        return hidden if is_root() and hidden.exists() else self.data

    def start(self) -> None:
        """Start the server unless it runs. Any number may do so at the same time."""
        with self._hold_lock():
            if not self._wait_until_settled():
                self._start()

    def stop(self) -> None:
        """Stop the server if it runs. Open transactions are rolled back."""
        if not self.home.exists():
            return
        with self._hold_lock():
            self._stop()
            with suppress(OSError):  # more than the socket was in it
                self._private_folder.rmdir()

    def delete(self) -> None:
        """Stop the server and delete its cluster, wherever that is; never any other folder."""
        self.stop()
        if is_cluster(self.home):
            shutil.rmtree(self.home)
        if is_root():
            shutil.rmtree(self._private_folder, ignore_errors=True)

    def is_running(self) -> bool:
        """Return whether the server accepts connections."""
        return self._ping() == pq.Ping.OK

    def has_ended(self) -> bool:
        """Return whether nobody listens at its socket any more. One that is slow, or recovers, still does."""
        written = read_pid_file(self.home)
        if written is None:
            return True
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(0)
            error = line.connect_ex(str(written.sockets / f".s.PGSQL.{PORT}"))
        return error in {errno.ECONNREFUSED, errno.ENOENT}

    def build_url(self, database: str) -> str:
        """Return the URL of a database, fit for django-environ, psycopg and psql."""
        written = read_pid_file(self.home)
        if written is None or not self.is_running():
            raise NotRunning(f"No PostgreSQL is running over {self.data}.")
        host = quote(str(written.sockets), safe="")
        return f"postgres://postgres@/{quote(database, safe='')}?host={host}&port={PORT}"

    def ensure_database(self, name: str) -> None:
        """Create the database unless it exists."""
        with (
            self._hold_lock(),
            psycopg.connect(self.build_url("postgres"), autocommit=True) as connection,
        ):
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            if known.rowcount == 0:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def __enter__(self) -> Self:
        with ExitStack() as use:
            users = use.enter_context(self._hold_lock("users", fcntl.LOCK_SH))
            use.callback(self._stop_if_last, users)
            self.start()
            self._use = use.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._use.close()

    def _stop_if_last(self, users: int) -> None:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # somebody else goes on
        self.stop()

    def _start(self) -> None:
        account = find_account(self.home)
        home = self._choose_home(account)
        found = require_binaries(self._binaries) if self._binaries else find_binaries()
        cluster = Cluster(home, found.copy_if_unreachable(account, self._private_folder), account)
        cluster.make_ready(fast=self.fast)
        cluster.start(self._choose_socket_folder(cluster), fast=self.fast)

    def _choose_home(self, account: Account) -> Path:
        if not is_root() or has_content(self.home) or account.can_enter(self.data.parent):
            return self.home
        make_private_folder(self._private_folder, account)
        return self._private_folder / "data"

    def _choose_socket_folder(self, cluster: Cluster) -> Path:
        """Return the folder for the socket: the cluster's own, or the folder if the path won't do."""
        short = len(f"{cluster.home}/.s.PGSQL.{PORT}") <= MAX_SOCKET_PATH_BYTES
        # Neither PostgreSQL nor libpq takes every character: a comma separates folders.
        if short and re.fullmatch(r"[A-Za-z0-9._/-]+", str(cluster.home)):
            return cluster.home
        make_private_folder(self._private_folder, cluster.account)
        return self._private_folder

    def _stop(self) -> None:
        written = read_pid_file(self.home)
        if written is None or self._ping() == pq.Ping.NO_RESPONSE:
            return
        find_account(self.home).signal(SIGINT, [written.pid])  # what pg_ctl's "fast" sends
        self._wait_while(lambda: read_pid_file(self.home) is not None)

    def _wait_until_settled(self) -> bool:
        """Return whether the server runs, once it is neither on its way up nor down.

        It can be on its way though the lock is ours: whoever sent it was killed.
        """
        self._wait_while(lambda: not self.is_running() and self._is_starting_or_stopping())
        return self.is_running()

    def _is_starting_or_stopping(self) -> bool:
        written = read_pid_file(self.home)
        return written is not None and written.pid in find_server_processes(
            self.home, find_account(self.home)
        )

    def _wait_while(self, condition: Callable[[], bool]) -> None:
        patience = time.monotonic() + SECONDS_TO_SETTLE
        while condition():
            if time.monotonic() > patience:
                raise Unresponsive(
                    f"The server of {self.home} neither answers nor ends: see server.log there."
                )
            time.sleep(0.02)

    def _ping(self) -> int:
        written = read_pid_file(self.home)
        if written is None:
            return pq.Ping.NO_RESPONSE
        where = make_conninfo(
            host=str(written.sockets),
            port=PORT,
            user="postgres",
            dbname="postgres",
            connect_timeout=SECONDS_TO_ANSWER,
        )
        return pq.PGconn.ping(where.encode())

    def _hold_lock(
        self, what: str = "lock", how: int = fcntl.LOCK_EX
    ) -> AbstractContextManager[int]:
        return hold_lock(self.data.with_name(f"{self.data.name}.{what}"), how)
