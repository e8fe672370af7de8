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

from gateway.demo.postgres.account import Account, account_for, is_root
from gateway.demo.postgres.binaries import binaries_in, find_binaries
from gateway.demo.postgres.cluster import PORT, Cluster, holds_anything, is_cluster
from gateway.demo.postgres.errors import NotRunning, Unresponsive
from gateway.demo.postgres.folders import locked, open_room, room_for
from gateway.demo.postgres.processes import read_pid_file, server_processes

SECONDS_TO_SETTLE = 60
SECONDS_TO_ANSWER = 10
LONGEST_SOCKET = 103  # bytes that fit everywhere: sun_path has 104 on the BSDs, 108 on Linux


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
        self._room = room_for(self.data)
        self._use = ExitStack()

    @property
    def home(self) -> Path:
        """Where the cluster is: `data`, or the room when root's `data` was out of reach."""
        hidden = self._room / "data"
        return hidden if is_root() and hidden.exists() else self.data

    def start(self) -> None:
        """Start the server unless it runs. Any number may do so at the same time."""
        with self._locked():
            if not self._settled():
                self._start()

    def stop(self) -> None:
        """Stop the server if it runs. Open transactions are rolled back."""
        if not self.home.exists():
            return
        with self._locked():
            self._stop()
            with suppress(OSError):  # more than the socket was in it
                self._room.rmdir()

    def delete(self) -> None:
        """Stop the server and delete its cluster, wherever that is; never any other folder."""
        self.stop()
        if is_cluster(self.home):
            shutil.rmtree(self.home)
        if is_root():
            shutil.rmtree(self._room, ignore_errors=True)

    def running(self) -> bool:
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

    def url(self, database: str) -> str:
        """Return the URL of a database, fit for django-environ, psycopg and psql."""
        written = read_pid_file(self.home)
        if written is None or not self.running():
            raise NotRunning(f"No PostgreSQL is running over {self.data}.")
        host = quote(str(written.sockets), safe="")
        return f"postgres://postgres@/{quote(database, safe='')}?host={host}&port={PORT}"

    def ensure_database(self, name: str) -> None:
        """Create the database unless it exists."""
        with self._locked(), psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            if known.rowcount == 0:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def __enter__(self) -> Self:
        with ExitStack() as use:
            users = use.enter_context(self._locked("users", fcntl.LOCK_SH))
            use.callback(self._leave, users)
            self.start()
            self._use = use.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._use.close()

    def _leave(self, users: int) -> None:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # somebody else goes on
        self.stop()

    def _start(self) -> None:
        account = account_for(self.home)
        home = self._home_within_reach_of(account)
        found = binaries_in(self._binaries) if self._binaries else find_binaries()
        cluster = Cluster(home, found.within_reach_of(account, self._room), account)
        cluster.make_ready(fast=self.fast)
        cluster.start(self._sockets_for(cluster), fast=self.fast)

    def _home_within_reach_of(self, account: Account) -> Path:
        if not is_root() or holds_anything(self.home) or account.reaches(self.data.parent):
            return self.home
        open_room(self._room, account)
        return self._room / "data"

    def _sockets_for(self, cluster: Cluster) -> Path:
        """Return the folder for the socket: the cluster's own, or the room if the path won't do."""
        short = len(f"{cluster.home}/.s.PGSQL.{PORT}") <= LONGEST_SOCKET
        # Neither PostgreSQL nor libpq takes every character: a comma separates folders.
        if short and re.fullmatch(r"[A-Za-z0-9._/-]+", str(cluster.home)):
            return cluster.home
        open_room(self._room, cluster.account)
        return self._room

    def _stop(self) -> None:
        written = read_pid_file(self.home)
        if written is None or self._ping() == pq.Ping.NO_RESPONSE:
            return
        account_for(self.home).signal(SIGINT, [written.pid])  # what pg_ctl's "fast" sends
        self._wait_while(lambda: read_pid_file(self.home) is not None)

    def _settled(self) -> bool:
        """Return whether the server runs, once it is neither on its way up nor down.

        It can be on its way though the lock is ours: whoever sent it was killed.
        """
        self._wait_while(lambda: not self.running() and self._on_its_way())
        return self.running()

    def _on_its_way(self) -> bool:
        written = read_pid_file(self.home)
        return written is not None and written.pid in server_processes(
            self.home, account_for(self.home)
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

    def _locked(self, what: str = "lock", how: int = fcntl.LOCK_EX) -> AbstractContextManager[int]:
        return locked(self.data.with_name(f"{self.data.name}.{what}"), how)
