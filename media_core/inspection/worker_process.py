"""Starts the worker that looks at a file, waits for it, and tells what it found. A worker that dies found nothing."""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from django.conf import settings

from media_core.errors import InspectionBusy
from media_core.inspection.cpu_budget import CpuBudget
from media_core.inspection.verdicts import CPU_SECONDS
from tenants.binding import get_bound_tenant_id
from tenants.slots import hold_slot, is_serving

logger = logging.getLogger("media_core.inspection")

PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent
# Its arguments: no site of the user's, no PYTHON* variables, nothing written beside the code.
COMMAND = (sys.executable, "-E", "-s", "-B", "-m", "media_core.inspection.worker")
# All of its environment. One arena: memory that is only set aside counts as taken.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "LC_ALL": "C.UTF-8"}
WALL_SECONDS = 30
# Each worker may take a gigabyte, so a process of the gateway runs only a few; others wait so long for a free one.
MAX_WORKERS = 2
WAIT_SECONDS = 10
STDERR_TAIL_BYTES = 2_000
DIED = "died"

_worker_slots = threading.BoundedSemaphore(MAX_WORKERS)
_budget = CpuBudget()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the worker says of a file, why, and how long a processor was busy with it; DIED when it said nothing."""

    says: str
    why: str = ""
    cpu_seconds: float = CPU_SECONDS


def run_inspection(job: str, kind: str, file: IO[bytes], copy: IO[bytes] | None = None) -> Verdict:
    """Return the worker's verdict. About a tenth of a second; no query, no request to the bucket.

    `file` is read by the worker under the same handle: lend it a copy. In a web request it takes a slot, and
    charges the tenant's processor time. Raises TooBusy, or InspectionBusy when that is used up or too many others wait.
    """
    with hold_slot(waits=True), _hold_worker_slot(), _charge_cpu_time() as spend:
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as words:
            verdict = _run((*COMMAND, job, kind), file, copy, words)
        spend(verdict.cpu_seconds)
        return verdict


@contextmanager
def _hold_worker_slot() -> Iterator[None]:
    if not _worker_slots.acquire(timeout=WAIT_SECONDS):
        raise InspectionBusy(f"{MAX_WORKERS} others are checked at the same time.")
    try:
        yield
    finally:
        _worker_slots.release()


@contextmanager
def _charge_cpu_time() -> Iterator[Callable[[float], None]]:
    """Yield a function that charges seconds to the bound tenant. Outside a web request it charges nothing."""
    if not is_serving():
        yield lambda _seconds: None
        return
    tenant_id = get_bound_tenant_id()
    _budget.require(tenant_id)
    yield partial(_budget.spend, tenant_id)


def _run(
    command: tuple[str, ...], file: IO[bytes], copy: IO[bytes] | None, words: IO[bytes]
) -> Verdict:
    file.seek(0)
    try:
        ended = subprocess.run(  # noqa: S603 - our own module, and two words of ours
            command,
            stdin=file,
            stdout=copy or subprocess.DEVNULL,
            stderr=words,
            cwd=PROJECT_ROOT,
            env=ENVIRONMENT,
            timeout=WALL_SECONDS,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Verdict(DIED, f"It took more than {WALL_SECONDS} seconds.")
    words.seek(max(0, words.seek(0, os.SEEK_END) - STDERR_TAIL_BYTES))
    last_words = words.read().decode(errors="replace")
    verdict = _parse_verdict(last_words) if not ended.returncode else None
    if verdict is None:
        # An end that nobody foresaw is worth a look: it may be a mistake in a decoder.
        logger.warning("The inspection ended with %s: %s", ended.returncode, last_words[-500:])
    return verdict or Verdict(DIED, "It took more memory or time than is allowed.")


def _parse_verdict(words: str) -> Verdict | None:
    try:
        return Verdict(**json.loads(words.strip().rpartition("\n")[2]))
    except (ValueError, TypeError):
        return None


@contextmanager
def open_read_only(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Lend the bytes of a file under a handle that can neither write nor move the caller's; rewind that one."""
    # This also writes down what the caller wrote last.
    rewind(file)
    if again := getattr(file, "reopen", None):
        with again() as own:
            yield own
    else:
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
            shutil.copyfileobj(file, copy)
            copy.flush()
            with reopen(copy) as own:
                yield own
    rewind(file)


def reopen(file: IO[bytes]) -> IO[bytes]:
    """Return a second, read-only handle at the beginning of a file that has no name."""
    return open(f"/dev/fd/{file.fileno()}", "rb")  # noqa: PTH123 - no path of the file's own


def rewind(file: IO[bytes]) -> None:
    """Go to the beginning of a file, where it has one to go to."""
    if getattr(file, "seekable", lambda: True)():
        file.seek(0)
