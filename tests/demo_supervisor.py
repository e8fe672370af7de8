"""python -m tests.demo_supervisor FOLDER [NAME=VALUE …]: keeps a demo that all processes of a test run share.

The process that needs the demo first starts this one. It outlives that process, and stops the demo when the run ends
or is killed. It prints the number of the demo's process, and what the demo says until it is ready.
"""

import fcntl
import os
import shutil
import sys
from pathlib import Path

from tests.demo import end, started, wait_until_ready
from tests.run_folder import SUPERVISORS_LOCK, lock, wait_until_run_ends


def main(folder: Path, *settings: str) -> None:
    given = dict(setting.split("=", 1) for setting in settings)
    with lock(folder.parent / SUPERVISORS_LOCK, fcntl.LOCK_SH):
        demo = started(folder, **given)
        try:
            sys.stdout.write(f"{demo.pid}\n{wait_until_ready(demo)}")
            close_output()
            wait_until_run_ends(folder.parent)
        finally:
            if demo.poll() is None:
                end(demo)
            shutil.rmtree(folder, ignore_errors=True)


def close_output() -> None:
    """Close standard output: who reads it waits for its end."""
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
