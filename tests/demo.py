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

from tests.run_folder import RUN_FOLDER, lock

ROOT = Path(__file__).resolve().parent.parent
READY = "Stop with Ctrl-C"
# What hangs is ended; what is only slow is not.
SECONDS_TO_ANSWER = 60
SECONDS_TO_START, SECONDS_TO_STOP = 600, 300
# Of links that a test sees end.
SHORT_LINK_SECONDS = 2
# What the suite itself runs on must not reach the demo.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


def surroundings(place: Path, **given: str) -> dict[str, str]:
    """Return the environment of a demo in `place`, as a fresh terminal would have it."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "DEMO_DIR": str(place), "PORT": "0", **given}


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
        if READY in line:
            return said
    raise AssertionError(f"The demo did not start: {said}")


def end(process: subprocess.Popen[str], how: signal.Signals = signal.SIGINT) -> str:
    """Stop the demo and return what it still said."""
    process.send_signal(how)
    output, _ = process.communicate(timeout=SECONDS_TO_STOP)
    return output


@contextmanager
def running(place: Path, **given: str) -> Iterator["OwnDemo"]:
    """Lend a running demo that the caller may end."""
    process = started(place, **given)
    try:
        said = wait_until_ready(process)
        yield OwnDemo(process.pid, said, read_facts(place), process)
    finally:
        if process.poll() is None:
            end(process)


def share_demo(name: str, **given: str) -> "Demo":
    """Return the demo of this name that all processes of the run share; the first of them starts it.

    The links of its tenant initech live for seconds only.
    """
    run = Path(os.environ[RUN_FOLDER])
    said = run / f"{name}.said"
    with lock(run / f"{name}.lock"):
        if not said.exists():
            text = start_supervisor(run / name, **given)
            load_demo(text, run / name).manage(
                "tenant", "links", "initech/", "--seconds", str(SHORT_LINK_SECONDS)
            )
            said.write_text(text)
    return load_demo(said.read_text(), run / name)


def load_demo(said: str, place: Path) -> "Demo":
    """Return the running demo of which its supervisor said this."""
    process_id, _, text = said.partition("\n")
    return Demo(int(process_id), text, read_facts(place))


# Kept: Popen warns when it is collected while its process runs.
supervisors = list[subprocess.Popen[str]]()


def start_supervisor(place: Path, **given: str) -> str:
    """Return what tests/demo_supervisor.py says when its demo is ready."""
    supervisor = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "tests.demo_supervisor", str(place), *map("=".join, given.items())],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Ctrl-C is for the run: the demo ends after it.
        start_new_session=True,
    )
    supervisors.append(supervisor)
    assert supervisor.stdout is not None
    with supervisor.stdout as output:
        said = output.read()
    assert READY in said, said
    return said


def read_facts(place: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((place / "demo.json").read_text())
    return facts


@dataclass(frozen=True)
class Demo:
    """A demo that runs, and what its demo.json says."""

    pid: int
    said: str
    facts: dict[str, Any]

    @property
    def environment_file(self) -> Path:
        """Where the demo wrote the settings that manage.py needs to work on it."""
        return Path(self.said.split("DJANGO_ENV_FILE=")[1].split()[0])

    def manage(self, *arguments: str) -> str:
        """Run a command on the demo, as a person would, and return what it says."""
        result = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "DJANGO_ENV_FILE": str(self.environment_file)},
            capture_output=True,
            text=True,
            check=True,
        )
        return result.stdout

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
        page = browser.get(self.url(label, "/accounts/login/"), timeout=SECONDS_TO_ANSWER)
        form = {
            "csrfmiddlewaretoken": token(page.text),
            "login": person["email"],
            "password": person["password"],
        }
        browser.post(self.url(label, "/accounts/login/"), data=form, timeout=SECONDS_TO_ANSWER)
        return browser


@dataclass(frozen=True)
class OwnDemo(Demo):
    """A demo of one test, which may end it."""

    process: subprocess.Popen[str]


def token(page: str) -> str:
    """Return the CSRF token of a page's form."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, page
    return found[1]


def gone(pid: int, within_seconds: float = SECONDS_TO_STOP) -> bool:
    """Return whether a process ends soon."""
    until = time.monotonic() + within_seconds
    while time.monotonic() < until:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.1)
    return False
