"""The gateway as production starts it: gunicorn in a process of its own, on a database of one's choice."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Any
from urllib.parse import urlsplit

import requests
from django.db import connection

from tests.environment import ROOT

SECONDS_TO_START = 300


def settings_behind(url: str) -> dict[str, str]:
    """Return the environment of a process whose database is at this URL."""
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "gateway.settings", "DATABASE_URL": url}


def database_url() -> str:
    """Return the URL of the database that the tests use."""
    given = urlsplit(os.environ["DATABASE_URL"])
    return given._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def gunicorn(
    url: str, log: Path, *options: str, prefix: Sequence[str] = (), **environment: str
) -> Iterator[str]:
    """Lend the address of a server whose database is at this URL. The words of `prefix` start it."""
    port = free_port()
    command = [
        "gunicorn", "gateway.wsgi", f"--bind=127.0.0.1:{port}", "--no-control-socket", *options,
    ]  # fmt: skip
    with log.open("w") as said:
        server = subprocess.Popen(  # noqa: S603 - our own server
            [*prefix, sys.executable, "-m", *command],
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


def asked(
    address: str, path: str, host: str = "acme.example", *, method: str = "GET", **given: Any
) -> requests.Response:
    """Return the answer, as soon as the server is up."""
    headers, until = (
        {"Host": host, "X-Forwarded-Proto": "https", **given.pop("headers", {})},
        time.monotonic() + SECONDS_TO_START,
    )
    while True:
        try:
            return requests.request(
                method, address + path, headers=headers, timeout=120, allow_redirects=False, **given
            )
        except requests.ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
