"""manage.py worker: does what is to be done beside the requests."""

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandParser

from tenants.commands.base import PlainCommand
from tenants.jobs.worker import WorkerOptions, run_worker

THREADS = 4
MAX_THREADS = 64


class Command(PlainCommand):
    help = (
        "Do what is to be done beside the requests: mail, clean-up, proofs, long work. Runs until it is told to end "
        "(SIGTERM, Ctrl-C); then it ends within 10 seconds. Run one or more, on any machine."
    )
    examples = """\
examples:
  manage.py worker
  manage.py worker --threads 8
  manage.py worker --once          # begin what may run now, then end

A worker that is killed loses nothing: another one goes on with its jobs within two minutes."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--threads",
            type=parse_threads,
            default=THREADS,
            metavar="N",
            help=f"how many jobs run at once: 1 to {MAX_THREADS} (%(default)s)",
        )
        parser.add_argument("--once", action="store_true", help="begin what may run now, then end")

    def handle(self, **options: Any) -> None:
        run_worker(WorkerOptions(threads=options["threads"], once=options["once"]))


def parse_threads(text: str) -> int:
    """Return a number of threads as it was typed. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_THREADS):
        raise ArgumentTypeError(f"must be from 1 to {MAX_THREADS}")
    return int(text)
