"""Serves the demo with the server that production uses, on loopback only."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

from gateway.demo.demo_folder import LOG_FILE
from gateway.demo.port import LOOPBACK
from gateway.gunicorn_logs import JsonLogger

# Of each of the two workers.
THREADS = 4
# <linux/prctl.h>: a parent that is killed must leave no worker behind that holds its port.
PR_SET_PDEATHSIG = 1
# What the arbiter sends to its workers, and what Ctrl-C sends to all of them.
STOP_SIGNALS = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGTERM})
# A request under way may take so long to end.
GRACEFUL_SECONDS = 3
# The arbiter kills what has not ended by then, and says so: the time is for a busy machine.
SECONDS_TO_STOP = 60


class DemoArbiter(Arbiter):  # type: ignore[misc]  # gunicorn ships no types
    """Start workers that miss no signal.

    A new worker has the arbiter's handlers until it sets its own. They would put a signal into a queue that nobody in
    the worker reads, so the signal waits until then.
    """

    def spawn_worker(self) -> Any:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def murder_workers(self) -> None:
        """Once a second: stop serving when a server that the demo runs on has ended."""
        super().murder_workers()
        if self.app.find_ended_server():
            self.handle_int()


class DemoWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """A worker that a signal ends whatever it does at that moment."""

    def init_signals(self) -> None:
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """End at once.

        gunicorn's own handler stops the thread pool, which waits for ever when the signal came while a request was
        handed to the pool: that holds the lock.
        """
        time.sleep(0.1)
        os._exit(0)


class DemoServer(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn in this process: its workers end by themselves when this process is killed."""

    def __init__(
        self, port: int, when_ready: Callable[[], None], find_ended_server: Callable[[], str]
    ) -> None:
        self.port = port
        self.create_pending = when_ready
        self.find_ended_server = find_ended_server
        super().__init__()

    def announce_ready(self) -> None:
        """Say so; and end with the terminal, for gunicorn takes its hang-up for "load the code again"."""
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        self.create_pending()

    def run(self) -> None:
        """Serve until a signal, or until `find_ended_server` names something; then SystemExit, in this process only."""
        parent = os.getpid()
        try:
            DemoArbiter(self).run()
        finally:
            # A worker is a fork of this process: what this one cleans up when it ends is not the worker's.
            if os.getpid() != parent:
                os._exit(0)

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{LOOPBACK}:{self.port}",
            "workers": 2,
            "threads": THREADS,
            "worker_class": DemoWorker,
            "graceful_timeout": SECONDS_TO_STOP,
            "loglevel": "warning",
            "logger_class": JsonLogger,
            # The terminal is for the person who started it.
            "errorlog": str(LOG_FILE),
            "forwarder_headers": "",
            "when_ready": lambda _server: self.announce_ready(),
            "post_fork": lambda _server, worker: become_worker(worker),
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from gateway.wsgi import application  # noqa: PLC0415 - in the worker, after the fork

        return application


def become_worker(worker: Any) -> None:
    """End with the parent, and log to the demo's file: the terminal is for the person who started it."""
    worker.cfg.set("graceful_timeout", GRACEFUL_SECONDS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    file = os.open(LOG_FILE, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    os.dup2(file, 2)
    os.close(file)
