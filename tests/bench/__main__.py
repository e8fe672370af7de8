"""`make bench`: every benchmark in one run, one table at the end. `make bench ONLY="signing memory"` runs some."""

import importlib
import pkgutil
import sys
from pathlib import Path

import django
from django.conf import settings

import tests.environment  # noqa: F401 - starts PostgreSQL and the bucket before settings are read
from tests.bench.ratios import Ratio

PART = "measure_"


def parts() -> list[str]:
    """Return the names of the benchmarks: each is a module `measure_<name>` with `ratios() -> list[Ratio]`."""
    here = Path(__file__).parent
    return sorted(
        found.name.removeprefix(PART)
        for found in pkgutil.iter_modules([str(here)])
        if found.name.startswith(PART)
    )


def table(found: list[Ratio]) -> str:
    """Return the figures as a Markdown table."""
    rows = [
        f"| {r.name} | {r.measured:.4g} {r.unit} | {r.compared_with}: {r.baseline:.4g} {r.unit} "
        f"| {r.ratio:.3g} | {r.target} | {'yes' if r.met else '**no**'} |"
        for r in found
    ]
    head = "| What | Measured | Compared with | Ratio | Target | Met |\n|---|---|---|---|---|---|"
    return "\n".join([head, *rows])


def main(names: list[str]) -> None:
    settings.DEBUG = False
    django.setup()
    found: list[Ratio] = []
    for name in names or parts():
        print(f"… {name}", file=sys.stderr, flush=True)
        found += importlib.import_module(f"tests.bench.{PART}{name}").ratios()
    print(table(found))


if __name__ == "__main__":
    main(sys.argv[1:])
