"""The port of the demo. `make demo` asks for it before anything is installed: plain Python, nothing else."""

import os
import socket
import sys

from gateway.demo.errors import DemoRefused

LOOPBACK = "127.0.0.1"
MAX_PORT = 65535


def find_free_port() -> int:
    """Return the port to serve on: PORT, 8000 when it is unset, any free one when it is 0. Raises DemoRefused."""
    given = os.environ.get("PORT") or "8000"
    if not (given.isascii() and given.isdecimal() and int(given) <= MAX_PORT):
        raise DemoRefused(
            f"PORT={given} is no port: give a number from 1 to 65535, or 0 for any free one."
        )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, int(given)))
        except OSError as error:
            raise DemoRefused(
                f"Port {given} cannot be used ({error.strerror}). Try another: make demo PORT=0"
            ) from error
        return int(probe.getsockname()[1])


def main() -> int:
    """Say why the port cannot be used, and return the exit code."""
    try:
        find_free_port()
    except DemoRefused as refusal:
        print(f"The demo did not start: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
