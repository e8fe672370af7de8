"""The system user that the server runs as. PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

from gateway.demo.postgres.errors import NoPostgres

SERVER_USERS = ("postgres", "nobody")
# Nothing else is handed on: no secrets of ours, no PG* that redirects, no LANG that does not exist.
KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH")


def is_root() -> bool:
    return os.geteuid() == 0


@dataclass(frozen=True)
class Account:
    """A system user and its group."""

    uid: int
    gid: int

    def run(self, program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program as this user; what it may not run ends with 126, as in a shell."""
        root = is_root()
        try:
            return subprocess.run(  # noqa: S603  # programs are given by full path
                [str(program), *arguments],
                check=False,
                user=self.uid if root else None,
                group=self.gid if root else None,
                extra_groups=[] if root else None,
                cwd="/",  # the caller's folder may be closed to this user
                env=_clean_environment(),
                umask=0o077,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
            )
        except PermissionError as refused:
            return subprocess.CompletedProcess([str(program)], 126, "", str(refused))

    def can_enter(self, folder: Path) -> bool:
        """Return whether this user may enter `folder`. Asked, not worked out: there may be ACLs."""
        return self.run(Path("/bin/sh"), "-c", 'test -x "$0"', str(folder)).returncode == 0

    def chown(self, path: Path) -> None:
        """Give a file or a folder to this user. Only root can, and only root needs to."""
        if is_root():
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def signal(self, which: Signals, processes: Iterable[int]) -> None:
        """Signal processes as this user: where a number is wrong, root's processes are safe."""
        pids = [str(pid) for pid in processes]
        self.run(Path("/bin/sh"), "-c", 'kill -s "$0" "$@"', which.name.removeprefix("SIG"), *pids)


def find_account(cluster: Path) -> Account:
    """Return the user who runs the server of `cluster`.

    That is whoever asks; for root it is the owner of the cluster, and `postgres` or `nobody` when
    there is none yet.
    """
    if not is_root():
        return Account(os.geteuid(), os.getegid())
    if (cluster / "PG_VERSION").exists() and cluster.stat().st_uid != 0:
        return Account(cluster.stat().st_uid, cluster.stat().st_gid)
    return _find_unprivileged_account()


def _find_unprivileged_account() -> Account:
    for name in SERVER_USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(user.pw_uid, user.pw_gid)
    users = " or ".join(SERVER_USERS)
    raise NoPostgres(f"Root may not run PostgreSQL. Make a user {users}, or set DATABASE_URL.")


def _clean_environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
