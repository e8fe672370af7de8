"""The gateway as production starts it: gunicorn in a process of its own, on a database of one's choice."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

import requests

from tests.environment import ROOT

SECONDS_TO_START = 300


def settings_behind(url: str) -> dict[str, str]:
    """Return the environment of a process whose database is at this URL."""
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "gateway.settings", "DATABASE_URL": url}


def free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def gunicorn(url: str, log: Path, *options: str, **environment: str) -> Iterator[str]:
    """Lend the address of a server whose database is at this URL."""
    port = free_port()
    command = [
        "gunicorn", "gateway.wsgi", f"--bind=127.0.0.1:{port}", "--no-control-socket", *options,
    ]  # fmt: skip
    with log.open("w") as said:
        server = subprocess.Popen(  # noqa: S603 - our own server
            [sys.executable, "-m", *command],
            env=settings_behind(url) | environment,
            cwd=ROOT,
            stdout=said,
            stderr=said,
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def asked(address: str, path: str, host: str = "acme.example") -> requests.Response:
    """Return the answer, as soon as the server is up."""
    headers, until = (
        {"Host": host, "X-Forwarded-Proto": "https"},
        time.monotonic() + SECONDS_TO_START,
    )
    while True:
        try:
            return requests.get(address + path, headers=headers, timeout=120, allow_redirects=False)
        except requests.ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
