"""What all processes of a test run share: a folder, and a lock that says whether the run goes on.

The lock belongs to the process that a person or the CI started; with pytest-xdist that is the controller. The kernel
releases it when that process ends, however it ends.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUN_FOLDER = "TESTS_RUN_FOLDER"
RUN_LOCK, SUPERVISORS_LOCK = "run.lock", "supervisors.lock"


@contextmanager
def share_run_folder() -> Iterator[Path]:
    """Yield the folder of this run. Its creator deletes it after all supervisors of demos have ended."""
    if given := os.environ.get(RUN_FOLDER):
        yield Path(given)
        return
    # No TemporaryDirectory: at the end of a process it goes before the functions that atexit calls.
    folder = Path(tempfile.mkdtemp(prefix="gateway-run-"))
    try:
        with lock(folder / RUN_LOCK):
            yield folder
        with lock(folder / SUPERVISORS_LOCK):
            pass
    finally:
        shutil.rmtree(folder)


def wait_until_run_ends(folder: Path) -> None:
    with lock(folder / RUN_LOCK):
        pass


@contextmanager
def lock(path: Path, mode: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold a lock on a file for the block; the kernel releases it also when this process is killed."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, mode)
        yield
    finally:
        os.close(handle)
