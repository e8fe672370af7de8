"""Folders of the launcher: made in one step, private, and locked while in use."""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from hashlib import sha256
from pathlib import Path

from gateway.demo.postgres.account import Account, is_root
from gateway.demo.postgres.errors import NoPostgres


def build_private_path(data: Path) -> Path:
    """Return the path of the folder that belongs to `data`: short, and for its server's user alone.

    What cannot be in or beside `data` goes there: the socket when `data` is too long a path, and
    for root all that the server's user could not reach.
    """
    base = "/var/lib/media-gateway" if is_root() else f"/tmp/media-gateway-{os.geteuid()}"  # noqa: S108  # open_private_folder() checks whose it is
    return Path(f"{base}-{sha256(os.fsencode(data)).hexdigest()[:12]}")


def make_private_folder(folder: Path, account: Account) -> None:
    """Make the folder unless it is there. One that others could have prepared is refused."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    account.chown(folder)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077 or found.st_uid != account.uid:
        raise NoPostgres(f"{folder} is not a private folder of user {account.uid}. Remove it.")


@contextmanager
def create_atomically(target: Path, *, beside: Path) -> Iterator[Path]:
    """Lend a new folder next to `beside`; it becomes `target`, in one step, when all went well.

    What an earlier attempt left that was killed is removed. The caller holds the lock.
    """
    prefix = f".{beside.name}."
    for remains in beside.parent.glob(f"{escape(prefix)}{'?' * 8}.half"):
        shutil.rmtree(remains, ignore_errors=True)
    making = Path(tempfile.mkdtemp(prefix=prefix, suffix=".half", dir=beside.parent))
    try:
        yield making
        making.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)


@contextmanager
def hold_lock(path: Path, how: int) -> Iterator[int]:
    """Hold the lock `path`; it is released even when this process is killed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise NoPostgres(
            f"{path} cannot be opened ({error.strerror}): use a folder of yours."
        ) from error
    try:
        fcntl.flock(lock, how)
        yield lock
    finally:
        os.close(lock)
