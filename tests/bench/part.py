"""python -m tests.bench.part NAME: one benchmark, in a process that knows of no other. Prints what it found as JSON.

Log lines are written as when it serves, to standard error: tests/bench/__main__.py keeps them in a file.
"""

import dataclasses
import importlib
import json
import sys

import django
from django.conf import settings

import tests.environment  # noqa: F401 - starts PostgreSQL and the bucket before settings are read
from tests.bench.__main__ import PART


def main(name: str) -> None:
    settings.DEBUG = False
    django.setup()
    found = importlib.import_module(f"tests.bench.{PART}{name}").ratios()
    print(json.dumps([dataclasses.asdict(ratio) for ratio in found]))


if __name__ == "__main__":
    main(sys.argv[1])
