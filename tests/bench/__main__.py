"""`make bench`: every benchmark in one run; one table is all that is printed. ONLY="signing memory" runs some."""

import argparse
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from tests.bench.ratios import Ratio

PART = "measure_"
HEAD = "| Part | What | Measured | Compared with | Ratio | Target | Met |\n|---|---|---|---|---|---|---|"
# Of a part that failed.
SHOWN_LINES = 40
PROGRESS_SECONDS = 1
ERASE_TO_END_OF_LINE = "\x1b[K"


def parts() -> list[str]:
    """Return the names of the benchmarks: each is a module `measure_<name>` with `ratios() -> list[Ratio]`."""
    here = Path(__file__).parent
    return sorted(
        found.name.removeprefix(PART)
        for found in pkgutil.iter_modules([str(here)])
        if found.name.startswith(PART)
    )


def table(found: Mapping[str, list[Ratio]]) -> str:
    """Return the figures as a Markdown table, part by part."""
    rows = [row(part, ratio) for part, ratios in found.items() for ratio in ratios]
    return "\n".join([HEAD, *rows])


def row(part: str, r: Ratio) -> str:
    unit = f" {r.unit}" if r.unit else ""
    against = f"{r.compared_with}: {r.baseline:.4g}{unit}"
    met = ("yes" if r.met else "**no**") if r.target else ""
    return f"| {part} | {r.name} | {r.measured:.4g}{unit} | {against} | {r.ratio:.3g} | {r.target} | {met} |"


def measure(name: str, number: str) -> list[Ratio] | None:
    """Return what a part found. When it failed return None, and show the end of what it wrote."""
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        command = [sys.executable, "-m", "tests.bench.part", name]
        with subprocess.Popen(command, stdout=said, stderr=complained) as part:  # noqa: S603 - a program of ours
            wait_for(part, f"{name} ({number})")
        lines, complaints = (read_lines(file) for file in (said, complained))
    if part.returncode:
        print(*complaints[-SHOWN_LINES:], f"{name} failed.", sep="\n", file=sys.stderr)
        return None
    # What it started may have written before.
    return [Ratio(**facts) for facts in json.loads(lines[-1])]


def wait_for(part: "subprocess.Popen[bytes]", label: str) -> None:
    """Wait until a part ends. A person at a terminal sees how long it takes, in one line that is written over."""
    started = time.monotonic()
    while True:
        show_progress(f"{label}, {time.monotonic() - started:.0f} s")
        try:
            part.wait(PROGRESS_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        show_progress("")
        return


def show_progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text}{ERASE_TO_END_OF_LINE}", end="", file=sys.stderr, flush=True)


def read_lines(file: IO[str]) -> list[str]:
    file.seek(0)
    return file.read().splitlines()


def main() -> int:
    """Run the parts that are asked for, one after the other. Returns 1 when one failed or missed a target."""
    names = asked().parts or parts()
    share_surroundings()
    tried = {
        name: measure(name, f"{number} of {len(names)}") for number, name in enumerate(names, 1)
    }
    found = {name: ratios for name, ratios in tried.items() if ratios is not None}
    print(table(found))
    missed = [(name, r) for name in found for r in found[name] if not r.met]
    for name, r in missed:
        print(f"{name}: {r.name}: not {r.target}", file=sys.stderr)
    return 1 if missed or len(found) < len(tried) else 0


def share_surroundings() -> None:
    """Start one PostgreSQL and one bucket for all parts. Late, so that --help starts nothing."""
    surroundings = importlib.import_module("tests.environment")
    os.environ[surroundings.BUCKET_FACTS] = json.dumps(surroundings.bucket_facts())


def asked() -> argparse.Namespace:
    known = parts()
    parser = argparse.ArgumentParser(
        prog="make bench",
        usage='make bench [ONLY="part …"]',
        description="Measures, and prints one table of ratios. Ends with 1 when a part fails or misses a target.",
        epilog=f"parts: {', '.join(known)}",
    )
    parser.add_argument("parts", nargs="*", metavar="part", help="what to measure; all by default")
    given = parser.parse_args()
    if unknown := sorted(set(given.parts) - set(known)):
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(known)}")
    return given


if __name__ == "__main__":
    sys.exit(main())
