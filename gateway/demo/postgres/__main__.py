"""python -m gateway.demo.postgres: the embedded PostgreSQL from a shell."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.demo.postgres import DATA_FOLDER, EmbeddedPostgres, NoPostgres, read_database_url

DATABASE = "gateway"
ACTIONS = """
actions:
  start   start it, unless DATABASE_URL is set, and print its URL; it goes on until `stop`
  stop    stop it, if it runs
  status  say whether it runs: exit code 0 if it does, 1 if not
  url     print DATABASE_URL, or the URL of the running server
  delete  stop it and delete its data

`make demo` starts it, and stops it at Ctrl-C. After a crash the next start recovers.

  export DATABASE_URL=$(python -m gateway.demo.postgres start)
  psql "$(python -m gateway.demo.postgres url)"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments ask; return the exit code. What goes wrong is told in one line."""
    asked = _build_parser().parse_args(arguments)
    server = EmbeddedPostgres(asked.data, fast=asked.fast, binaries=asked.binaries)
    actions: dict[str, Callable[[EmbeddedPostgres], int]]
    actions = {
        "start": _start,
        "stop": _stop,
        "status": _print_status,
        "url": _print_url,
        "delete": _delete,
    }
    try:
        return actions[asked.action](server)
    except (NoPostgres, OSError) as refused:
        print(refused, file=sys.stderr)
        return 1


def _start(server: EmbeddedPostgres) -> int:
    if not read_database_url():
        server.start()
        server.ensure_database(DATABASE)
    return _print_url(server)


def _stop(server: EmbeddedPostgres) -> int:
    server.stop()
    return 0


def _print_status(server: EmbeddedPostgres) -> int:
    running = server.is_running()
    print("running" if running else "stopped", server.home)
    return 0 if running else 1


def _print_url(server: EmbeddedPostgres) -> int:
    print(read_database_url() or server.build_url(DATABASE))
    return 0


def _delete(server: EmbeddedPostgres) -> int:
    server.delete()
    return 0


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gateway.demo.postgres",
        description="A PostgreSQL of the project's own: no installing, no port, no password.",
        epilog=ACTIONS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=["start", "stop", "status", "url", "delete"])
    parser.add_argument(
        "--data", type=Path, default=DATA_FOLDER, metavar="DIR", help=f"default: {DATA_FOLDER}"
    )
    parser.add_argument("--fast", action="store_true", help="no fsync: for data you can lose")
    parser.add_argument(
        "--binaries", type=Path, metavar="DIR", help="use the programs in DIR, look nowhere else"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
