"""Starts the demo as a newcomer does, and speaks to it over HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_START = 90
# What the suite itself runs on must not reach the demo.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


def surroundings(place: Path, **given: str) -> dict[str, str]:
    """Return the environment of a demo in `place`, as a fresh terminal would have it."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "DEMO_DIR": str(place), "PORT": "0", "PYTHONDONTWRITEBYTECODE": "1", **given}


def started(place: Path, **given: str) -> subprocess.Popen[str]:
    """Return the demo's process. Its standard output says when it is ready."""
    return subprocess.Popen(
        [sys.executable, "-m", "gateway.demo"],
        cwd=ROOT,
        env=surroundings(place, **given),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def refused(place: Path, **given: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines of a demo that does not start."""
    process = started(place, **given)
    output, _ = process.communicate(timeout=SECONDS_TO_START)
    return process.returncode, output.splitlines()


def wait_until_ready(process: subprocess.Popen[str]) -> str:
    """Return what the demo said until it was ready."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Stop with Ctrl-C" in line:
            return said
    raise AssertionError(f"The demo did not start: {said}")


def end(process: subprocess.Popen[str], how: signal.Signals = signal.SIGINT) -> str:
    """Stop the demo and return what it still said."""
    process.send_signal(how)
    output, _ = process.communicate(timeout=30)
    return output


@contextmanager
def running(place: Path, **given: str) -> Iterator["Demo"]:
    """Lend a running demo."""
    process = started(place, **given)
    try:
        said = wait_until_ready(process)
        yield Demo(process, said, json.loads((place / "demo.json").read_text()))
    finally:
        if process.poll() is None:
            end(process)


@dataclass(frozen=True)
class Demo:
    """A demo that runs, and what its demo.json says."""

    process: subprocess.Popen[str]
    said: str
    facts: dict[str, Any]

    def url(self, label: str, path: str = "/") -> str:
        return str(self.facts["sites"][label]["url"]).rstrip("/") + path

    def documents(self, tenant: str, **wanted: str) -> list[dict[str, Any]]:
        found = [document for document in self.facts["documents"] if document["tenant"] == tenant]
        return [document for document in found if wanted.items() <= document.items()]

    def person(self, tenant: str, role: str) -> dict[str, str]:
        return next(p for p in self.facts["people"] if (p["tenant"], p["role"]) == (tenant, role))

    def signed_in(self, label: str, person: dict[str, str]) -> requests.Session:
        """Return a browser after the sign-in page of one site."""
        browser = requests.Session()
        page = browser.get(self.url(label, "/accounts/login/"), timeout=10)
        form = {
            "csrfmiddlewaretoken": token(page.text),
            "login": person["email"],
            "password": person["password"],
        }
        browser.post(self.url(label, "/accounts/login/"), data=form, timeout=10)
        return browser


def token(page: str) -> str:
    """Return the CSRF token of a page's form."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, page
    return found[1]


def gone(pid: int, within_seconds: float = 10) -> bool:
    """Return whether a process ends soon."""
    until = time.monotonic() + within_seconds
    while time.monotonic() < until:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.1)
    return False
