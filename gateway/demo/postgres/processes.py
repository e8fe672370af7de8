"""The processes of a server: what its postmaster.pid says, and what really runs."""

import time
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGQUIT, Signals

from gateway.demo.postgres.account import Account

SECONDS_TO_END = 5
# Asked as the server's user: in a container, root may not read another user's /proc/*/cwd.
# Where there is no /proc nothing is found, and PostgreSQL's own checks have to do.
FIND_BY_FOLDER = """
for process in /proc/[0-9]*; do
  read -r name < "$process/comm" && [ "$name" = postgres ] || continue
  case "$(readlink "$process/cwd")" in
    "$0" | "$0 (deleted)") echo "${process#/proc/}" ;;
  esac
done 2>/dev/null
"""


@dataclass(frozen=True)
class PidFile:
    """What a postmaster writes down about itself."""

    pid: int
    sockets: Path


def read_pid_file(home: Path) -> PidFile | None:
    """Return what the server of `home` wrote, which may be dead by now, or None."""
    try:
        lines = (home / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return None
    match lines:
        # A copied or moved folder brings a file along that speaks of another server.
        case [pid, folder, _, _, sockets, _, *_] if Path(folder) == home and sockets:
            return PidFile(int(pid), Path(sockets))
    return None  # or it is not written to the end


def find_server_processes(home: Path, account: Account) -> set[int]:
    """Return the processes of the server of `home`, and of one whose `home` was deleted."""
    found = account.run(Path("/bin/sh"), "-c", FIND_BY_FOLDER, str(home)).stdout
    return {int(pid) for pid in found.split()}


def clear_remains(home: Path, sockets: Path, account: Account) -> None:
    """Make way for a new server after the last one was killed.

    Backends that outlived their postmaster hold its shared memory, and one whose folder was
    deleted would remove the new server's socket when it notices. A lock file whose number
    belongs to another process by now would keep the new server from starting.
    """
    # Asked first: a postmaster then gives its shared memory back.
    gone = _end_processes(home, account, SIGQUIT) or _end_processes(home, account, SIGKILL)
    if gone and Path("/proc/self").exists():
        for lock in (home / "postmaster.pid", *sockets.glob(".s.PGSQL.*")):
            lock.unlink(missing_ok=True)


def _end_processes(home: Path, account: Account, how: Signals) -> bool:
    """Signal the processes of a server; return whether they were gone in time."""
    patience = time.monotonic() + SECONDS_TO_END
    while pids := find_server_processes(home, account):
        if time.monotonic() > patience:
            return False
        account.signal(how, pids)
        time.sleep(0.02)
    return True
