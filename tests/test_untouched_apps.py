"""Apps that know nothing of tenants run in tenants: a project with other settings, in a pytest of its own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import wagtail

from tests import environment

PROJECT = environment.ROOT / "tests" / "untouched"
# So many at least, or something was not collected.
TESTS = 150


def surroundings(database: str) -> dict[str, str]:
    """Return the environment of a run inside this one: the same servers, a database and a prefix of its own."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}")
    return {
        **os.environ,
        "DATABASE_URL": url.geturl(),
        "LOCATION_PREFIX": f"{database}/",
        "PYTHONPATH": str(environment.ROOT),
        environment.BUCKET_FACTS: json.dumps(environment.bucket_facts()),
    }


def a_run(
    *given: str, project: Path = PROJECT, database: str = "untouched", **around: str
) -> subprocess.CompletedProcess[str]:
    """Run tests of the project to their end."""
    settings = ".".join([*project.relative_to(environment.ROOT).parts, "settings"])
    # What is given wins over the settings that stand in this run's environment.
    options = [
        "-q",
        "--no-header",
        "--show-capture=no",
        f"-c{project}/pytest.ini",
        f"--ds={settings}",
    ]
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "pytest", *options, *given],
        # Some of Wagtail's own tests open files by their path from here.
        cwd=Path(wagtail.__file__).parent.parent,
        env={**surroundings(f"{database}_{os.getpid()}"), **around},
        capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip


def passed(result: subprocess.CompletedProcess[str]) -> int:
    found = re.search(r"(\d+) passed", result.stdout)
    return int(found[1]) if found else 0


@pytest.mark.run_first
@pytest.mark.slow(seconds=55)
def test_a_schema_with_wagtail_is_what_a_migrate_makes() -> None:
    result = a_run("-m", "slow", str(PROJECT), database="untouched_slow")
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]


@pytest.mark.run_first
def test_wagtail_filer_and_plain_apps_run_unmodified_in_tenants() -> None:
    result = a_run("-m", "not slow", str(PROJECT))
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
    assert passed(result) >= TESTS


@pytest.mark.run_first
@pytest.mark.parametrize(
    ("package", "tests"),
    [
        pytest.param("documents", 250, marks=pytest.mark.slow(seconds=55)),
        pytest.param("images", 600, marks=pytest.mark.slow(seconds=80)),
    ],
)
def test_wagtails_own_tests_pass_on_our_storages(package: str, tests: int) -> None:
    """In mode `gateway`, where public addresses begin as on a disk: many of them compare whole tags."""
    result = a_run(
        "--pyargs", f"wagtail.{package}.tests",
        project=PROJECT / "wagtail_own", database="wagtail_own", PUBLIC_MEDIA_MODE="gateway",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
    assert passed(result) >= tests
