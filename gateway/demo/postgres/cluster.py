"""A cluster on disk: made whole or not at all, checked before it is used, started."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from gateway.demo.postgres.account import Account
from gateway.demo.postgres.binaries import Binaries
from gateway.demo.postgres.errors import StartFailed, UnusableData
from gateway.demo.postgres.private_folders import create_atomically
from gateway.demo.postgres.processes import clear_remains

PORT = 5432  # part of the socket's name; said everywhere, so that no PGPORT changes it
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "max_locks_per_transaction": "256",  # one statement may lock the tables of many tenants
}
FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
BUILTIN_LOCALE_SINCE = 17
SECONDS_TO_START = 120
# Those who ask meanwhile get "FATAL:  the database system is starting up".
FATAL_LINE = re.compile(r"(?:FATAL|PANIC): +((?!the database system is ).*)")


def is_cluster(home: Path) -> bool:
    return (home / "PG_VERSION").is_file()


def has_content(home: Path) -> bool:
    return home.exists() and any(home.iterdir())


@dataclass(frozen=True)
class Cluster:
    """The data in `home`, the programs that work on it, and the user they run as."""

    home: Path
    binaries: Binaries
    account: Account

    def make_ready(self, *, fast: bool) -> None:
        """Make the cluster where there is none. What is there is checked, and never removed."""
        if not has_content(self.home):
            self._run_initdb(fast=fast)
        elif not is_cluster(self.home):
            raise UnusableData(f"{self.home} is not a PostgreSQL data folder. {self._remedy}")
        else:
            self._check_version()

    def start(self, sockets: Path, *, fast: bool) -> None:
        """Start the server, listening in the folder `sockets` and nowhere else."""
        clear_remains(self.home, sockets, self.account)
        log = self.home / "server.log"
        log.unlink(missing_ok=True)  # so that the reason found in it is today's
        settings = (
            SETTINGS | {"unix_socket_directories": str(sockets)} | (FAST_SETTINGS if fast else {})
        )
        options = shlex.join(f"--{name}={value}" for name, value in settings.items())
        how = (f"--log={log}", f"--options={options}", "--wait", f"--timeout={SECONDS_TO_START}")
        pg_ctl = self.binaries.folder / "pg_ctl"
        started = self.account.run(pg_ctl, "start", f"--pgdata={self.home}", *how)
        if started.returncode:
            reason = _find_fatal_message(log) or _get_last_line(started.stderr)
            raise StartFailed(f"PostgreSQL cannot start on {self.home}: {reason}. {self._remedy}")

    def _run_initdb(self, *, fast: bool) -> None:
        # In a folder of its own first: a half-made cluster must not pass for one.
        with create_atomically(self.home, beside=self.home) as making:
            self.account.chown(making)
            initdb = self.binaries.folder / "initdb"
            # Trust: the folder of the socket keeps others out.
            how = ["--username=postgres", "--auth=trust", *self._locale]
            how += ["--no-sync"] if fast else []
            made = self.account.run(initdb, f"--pgdata={making}", *how)
            if made.returncode:
                raise StartFailed(f"initdb failed for {self.home}: {_get_last_line(made.stderr)}.")

    def _check_version(self) -> None:
        text = (self.home / "PG_VERSION").read_text(encoding="ascii", errors="replace")
        made_by, ours = text.strip() or "?", self.binaries.major
        if made_by != str(ours):
            raise UnusableData(
                f"{self.home} was made by PostgreSQL {made_by}, this is {ours}. {self._remedy}"
            )

    @property
    def _locale(self) -> list[str]:
        """Sort by code point, fold case by Unicode, and where possible need no system locale."""
        if self.binaries.major >= BUILTIN_LOCALE_SINCE:
            case = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        else:
            case = ["--lc-ctype=C.UTF-8"]
        return ["--encoding=UTF8", "--locale=C", *case]

    @property
    def _remedy(self) -> str:
        return f"If it holds demo data only, delete it: `make clean` or `rm -r {self.home}`."


def _find_fatal_message(log: Path) -> str:
    """Return the first thing that the server could not live with, as far as its log says."""
    if not log.exists():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    fatal = [found[1] for line in lines if (found := FATAL_LINE.search(line))]
    return (fatal or lines or [""])[0].rstrip(".")


def _get_last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].rstrip(".") if lines else "it did not say why"
