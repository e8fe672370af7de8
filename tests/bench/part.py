"""python -m tests.bench.part NAME: one benchmark, in a process that knows of no other. Prints what it found as JSON."""

import dataclasses
import importlib
import json
import logging
import os
import sys

import django
from django.conf import settings

import tests.environment  # noqa: F401 - starts PostgreSQL and the bucket before settings are read
from tests.bench.__main__ import PART


def unseen() -> None:
    """Let the lines of the log be made, as they are when it serves, and go nowhere."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(open(os.devnull, "w"))  # noqa: SIM115, PTH123 - until the process ends


def main(name: str) -> None:
    settings.DEBUG = False
    django.setup()
    unseen()
    found = importlib.import_module(f"tests.bench.{PART}{name}").ratios()
    print(json.dumps([dataclasses.asdict(ratio) for ratio in found]))


if __name__ == "__main__":
    main(sys.argv[1])
