"""Apps that know nothing of tenants run in tenants: a project with other settings, in a pytest of its own."""

import json
import os
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from tests import environment

PROJECT = "tests/untouched"
# So many at least, or something was not collected.
TESTS = 100


def surroundings(database: str) -> dict[str, str]:
    """Return the environment of a run inside this one: the same servers, a database and rooms of its own."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}")
    return {
        **os.environ,
        "DATABASE_URL": url.geturl(),
        "LOCATION_PREFIX": "other-project/",
        environment.BUCKET_FACTS: json.dumps(environment.bucket_facts()),
    }


def a_run(*given: str, database: str = "untouched") -> subprocess.CompletedProcess[str]:
    """Run tests of the project to their end."""
    # What is given wins over the settings that stand in this run's environment.
    project = ["-c", f"{PROJECT}/pytest.ini", "--ds=tests.untouched.settings"]
    options = ["-q", "--no-header", "--show-capture=no", *project]
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "pytest", *options, *given],
        cwd=environment.ROOT, env=surroundings(f"{database}_{os.getpid()}"),
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def passed(result: subprocess.CompletedProcess[str]) -> int:
    found = re.search(r"(\d+) passed", result.stdout)
    return int(found[1]) if found else 0


@pytest.mark.slow
def test_a_schema_with_wagtail_is_what_a_migrate_makes() -> None:
    result = a_run("-m", "slow", PROJECT, database="untouched_slow")
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]


def test_wagtail_filer_and_plain_apps_run_unmodified_in_tenants() -> None:
    result = a_run("-m", "not slow", PROJECT)
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
    assert passed(result) >= TESTS
