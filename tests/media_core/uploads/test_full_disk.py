"""Where files of uploads wait: nothing of them is left, neither on a full disk nor when the process is killed."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from media_core.ledger.models import StoredObject
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.conftest import new_session
from tests.gunicorn import asked, database_url, gunicorn
from tests.media_core.conftest import committed
from tests.media_core.uploads.live import Live, form

__all__ = ["committed"]
pytestmark = pytest.mark.django_db
DISK_BYTES = 1_000_000


def build_small_disk_command(folder: Path) -> list[str]:
    """Return the words that start a program for which this folder is a disk of 1 MB: its own mount, or a limit."""
    unshare = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    mount = f'mount -t tmpfs -o size={DISK_BYTES} tmpfs "{folder}" && exec "$@"'
    words = [*unshare, "sh", "-c", mount, "sh"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:  # noqa: S603 - our own words
        return words
    return ["prlimit", f"--fsize={DISK_BYTES}"]


@contextmanager
def run_server(waiting: Path, key: str, prefix: Sequence[str] = ()) -> Iterator[Live]:
    """Serve uploads that wait in this folder."""
    log, place = waiting.parent / "log", {"UPLOAD_TEMP_DIR": str(waiting)}
    with gunicorn(database_url(), log, prefix=prefix, **place) as address:
        assert asked(address, "/healthz").status_code == 200
        yield Live(urlsplit(address).port or 0, waiting, key)


@pytest.fixture
def key(committed: Any, acme: Tenant, globex: Tenant, people: Any) -> str:
    """Return the key of a session of acme's editor."""
    return str(committed(lambda: new_session(people["ed"], acme)))


@pytest.fixture
def waiting(tmp_path: Path) -> Path:
    folder = tmp_path / "waiting"
    folder.mkdir()
    return folder


def upload(live: Live, size_bytes: int) -> tuple[int, str]:
    body = form(b"x" * size_bytes)
    return live.asked(live.headers(f"Content-Length: {len(body)}") + body)


def test_a_full_disk_is_a_507_and_what_fits_is_stored_after_it(key, waiting, committed, acme):
    with run_server(waiting, key, build_small_disk_command(waiting)) as live:
        for _ in range(3):
            status, page = upload(live, 3 * DISK_BYTES)
            assert (status, "There is no room for uploads at the moment." in page) == (507, True)
        # What was left of the others would not leave so much room.
        assert upload(live, DISK_BYTES // 2)[0] == 302
    with bind_tenant(acme):
        assert [row.size_bytes for row in StoredObject.objects.all()] == [DISK_BYTES // 2]


def test_a_killed_process_leaves_no_file(key, waiting):
    with run_server(waiting, key) as live:
        with socket.create_connection(("127.0.0.1", live.port)) as line:
            line.sendall(live.headers("Content-Length: 900000") + form(b"x" * 500_000)[:-20])
            while not (workers := writers_into(waiting)):
                time.sleep(0.05)
            for process_id in workers:
                os.kill(process_id, signal.SIGKILL)
            assert line.recv(100) == b""
        assert list(waiting.iterdir()) == []


def writers_into(folder: Path) -> list[int]:
    """Return the processes that have a file in this folder open, whether it has a name or not."""
    return [
        int(descriptor.parts[2])
        for descriptor in Path("/proc").glob("[0-9]*/fd/*")
        if points_into(descriptor, folder)
    ]


def points_into(descriptor: Path, folder: Path) -> bool:
    try:
        return descriptor.readlink().is_relative_to(folder)
    except OSError:
        # It is closed by now.
        return False
