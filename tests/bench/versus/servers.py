"""A WSGI server as a process of its own, on one core, and what it costs."""

import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from tests.bench.versus.client import free_port

THREADS = 4
START_SECONDS = 60
STOP_SECONDS = 15

# A server program: the command that serves a WSGI module at a port of loopback.
Program = Callable[[str, int], list[str]]


def granian(wsgi: str, port: int) -> list[str]:
    options = ["--workers", "1", "--blocking-threads", str(THREADS), "--http", "1", "--no-ws"]
    place = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    return ["granian", "--interface", "wsgi", *options, *place, f"{wsgi}:application"]


def gunicorn(wsgi: str, port: int) -> list[str]:
    options = ["--workers", "1", "--threads", str(THREADS), "--worker-class", "gthread"]
    place = ["--bind", f"127.0.0.1:{port}", "--log-level", "warning", "--no-control-socket"]
    return ["gunicorn", *options, *place, wsgi]


@dataclass(frozen=True)
class Server:
    """A server that runs: its first process, and the name by which its database connections go."""

    port: int
    process: psutil.Process
    name: str

    def web_seconds(self) -> float:
        """Return the CPU time of the server so far, user and system, workers included."""
        return sum(map(cpu_seconds, [self.process, *self.process.children(recursive=True)]))

    def backend_seconds(self, url: str) -> dict[int, float]:
        """Return the CPU time of each of its database backends so far; of none where the database is elsewhere."""
        asked = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
        with psycopg.connect(url) as connection:
            pids = [pid for (pid,) in connection.execute(asked, [self.name])]
        return {pid: cpu_seconds(psutil.Process(pid)) for pid in pids if is_backend(pid)}


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time of a process, user and system, its ended threads included."""
    if platform.system() == "Linux":
        # What clock_getcpuclockid(3) makes of a process: to the nanosecond, where cpu_times() counts hundredths.
        return time.clock_gettime((~process.pid << 3) | 2)
    times = process.cpu_times()
    return float(times.user + times.system)


def is_backend(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).name().startswith("postgres")


@contextmanager
def serving(
    program: Program, wsgi: str, *, name: str, environment: dict[str, str]
) -> Iterator[Server]:
    """Lend a server that answers. Ends it, workers included."""
    port = free_port()
    given = {**os.environ, **environment, "PGAPPNAME": name, "PYTHONPATH": str(Path.cwd())}
    with on_cores(first=True):
        command = [sys.executable, "-m", *program(wsgi, port)]
        process = subprocess.Popen(command, env=given, stderr=subprocess.DEVNULL)  # noqa: S603 - of ours
    try:
        wait_for(port, process)
        yield Server(port, psutil.Process(process.pid), name)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def on_cores(*, first: bool) -> Iterator[None]:
    """Keep what this thread starts on the first core, or off it; where the system can, and has two."""
    known = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else set()
    if len(known) > 1:
        alone = {min(known)}
        os.sched_setaffinity(0, alone if first else known - alone)
    try:
        yield
    finally:
        if known:
            os.sched_setaffinity(0, known)


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"The server did not start: {process.args!r} ended with {process.poll()}.")
