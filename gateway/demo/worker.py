"""The worker of the demo: a process of its own, as in production, that ends with the demo."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.demo.demo_folder import LOG_FILE, ROOT
from gateway.demo.gunicorn_server import PR_SET_PDEATHSIG

THREADS = 2
# It ends by itself within ten seconds; a busy machine takes longer.
SECONDS_TO_STOP = 60


@contextmanager
def run_worker_process() -> Iterator[None]:
    """Run a worker while the block runs. It logs into the demo's file."""
    with LOG_FILE.open("a") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module, started with the running interpreter
            [sys.executable, "-m", "gateway.demo.worker", str(os.getpid())],
            cwd=ROOT,
            stderr=log,
            # Ctrl-C in a terminal reaches the whole group; this one ends when its parent says so.
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
    import django  # noqa: PLC0415 - settings read the environment of the demo

    django.setup()
    from tenants.jobs.worker import WorkerOptions, run_worker  # noqa: PLC0415 - models need Django set up

    run_worker(WorkerOptions(threads=THREADS))


if __name__ == "__main__":
    main(int(sys.argv[1]))
