"""Serves the demo with the server that production uses, on loopback only."""

import os
import socket
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication

from gateway.demo.errors import DemoRefused
from gateway.demo.place import LOG

LOOPBACK = "127.0.0.1"
LAST_PORT = 65535


class DemoServer(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn in this process: its workers end by themselves when this process is killed."""

    def __init__(self, port: int, when_ready: Callable[[], None]) -> None:
        self.port = port
        self.announce = when_ready
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{LOOPBACK}:{self.port}",
            "workers": 2,
            "threads": 4,
            "worker_class": "gthread",
            "loglevel": "warning",
            "when_ready": lambda _server: self.announce(),
            "post_fork": lambda _server, _worker: log_to_file(),
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from gateway.wsgi import application  # noqa: PLC0415 - in the worker, after the fork

        return application


def log_to_file() -> None:
    """Send a worker's log to the demo's file: the terminal is for the person who started it."""
    file = os.open(LOG, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    os.dup2(file, 2)
    os.close(file)


def free_port() -> int:
    """Return the port to serve on: PORT, 8000 when it is unset, any free one when it is 0. Raises DemoRefused."""
    given = os.environ.get("PORT") or "8000"
    if not (given.isascii() and given.isdecimal() and int(given) <= LAST_PORT):
        raise DemoRefused(
            f"PORT={given} is no port: give a number from 1 to 65535, or 0 for any free one."
        )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, int(given)))
        except OSError as error:
            raise DemoRefused(
                f"Port {given} cannot be used ({error.strerror}). Try another: make demo PORT=8001"
            ) from error
        return int(probe.getsockname()[1])
