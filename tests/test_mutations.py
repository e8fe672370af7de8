"""The isolation walk is worth something: it fails whenever one permission check is taken away."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import environment
from tests.mutants import DECIDERS, NEVER_CALLED, ROOT, Mutant, functions_of, mutants

COPIED = (
    "gateway",
    "tenants",
    "media_core",
    "tests",
    "manage.py",
    "pyproject.toml",
    ".env.example",
)


# Which file of the walk finds it first when a check is gone from a module with this in its name.
FINDERS = {
    "visit": ("visits", "tickets"),
    "context": ("tickets",),
    "usage": ("limits",),
    "app_readers": ("app_files",),
    "private": ("app_files",),
    "files": ("app_files", "files"),
    "storages/models": ("app_files", "files"),
    "publishing": ("publishing",),
    "library": ("folders",),
    "folders": ("folders",),
    "moves": ("folders",),
    "permissions": ("app_files", "folders", "publishing"),
}


def walks_for(file: str, root: Path) -> list[str]:
    """Return the files of the walk; first those that know of what this module does."""
    first = [finder for word, finders in FINDERS.items() if word in file for finder in finders]
    everything = sorted(path.name for path in (root / "tests").glob("test_isolation*.py"))
    known = [f"test_isolation_{finder}.py" for finder in first]
    return [f"tests/{name}" for name in dict.fromkeys([*known, *everything])]


def walked(root: Path, database: str, file: str) -> subprocess.CompletedProcess[str]:
    """Run the isolation walk of a copy of the code, in a database of its own."""
    url = os.environ["DATABASE_URL"].replace("/gateway?", f"/{database}?")
    around = {
        **os.environ,
        "DATABASE_URL": url,
        environment.BUCKET_FACTS: json.dumps(environment.bucket_facts()),
    }
    # In this order: the walk stops at the first test that fails.
    options = ["-x", "-q", "--no-header", "--show-capture=no", "-p", "no:randomly"]
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "pytest", *options, *walks_for(file, root)],
        cwd=root, env=around, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def copied(to: Path) -> Path:
    """Return a copy of the code in a folder of its own."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, to / name)
    return to


def walked_without(mutant: Mutant | None, to: Path) -> subprocess.CompletedProcess[str]:
    """Run the walk on a copy in which one check is gone, or none."""
    copy = copied(to)
    if mutant:
        file = copy / mutant.file
        file.write_text(mutant.applied(file.read_text()))
    return walked(copy, f"mutant_{os.getpid()}", mutant.file if mutant else "")


def by_tier() -> list[Any]:
    """Return every mutant: of each part of the code one, the others in `make test-slow`."""
    known, tiers = set[str](), []
    for mutant in mutants():
        part = "/".join(mutant.file.split("/")[:2])
        is_further = part in known
        known.add(part)
        tiers.append(
            pytest.param(mutant, id=str(mutant), marks=pytest.mark.slow if is_further else ())
        )
    return tiers


@pytest.mark.parametrize("mutant", by_tier())
def test_the_walk_fails_without(mutant: Mutant, tmp_path: Path) -> None:
    result = walked_without(mutant, tmp_path)
    # 1 says that tests ran and some failed; anything else would be a mutant that cannot even be imported.
    assert (result.returncode, " failed" in result.stdout) == (1, True), result.stdout[-2000:]


# The suite itself runs the walk on the code as it is.
@pytest.mark.slow
def test_the_walk_passes_when_nothing_changed(tmp_path: Path) -> None:
    result = walked_without(None, tmp_path)
    assert result.returncode == 0, result.stdout[-2000:]


def test_every_function_that_decides_is_taken_away_somewhere() -> None:
    deciding = functions_of("media_core/documents/permissions.py") - NEVER_CALLED
    assert deciding <= set(DECIDERS)
    called = "\n".join(mutant.before for mutant in mutants())
    assert [name for name in deciding if f"{name}(" not in called] == []
