"""`make bench`: every benchmark in one run, one table at the end. `make bench ONLY="signing memory"` runs some."""

import argparse
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.ratios import Ratio

PART = "measure_"
HEAD = "| Part | What | Measured | Compared with | Ratio | Target | Met |\n|---|---|---|---|---|---|---|"


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


def measure(name: str) -> list[Ratio] | None:
    """Return what a part found, or None when it failed: standard error says why, and how long each took."""
    print(f"… {name}", file=sys.stderr, flush=True)
    started = time.monotonic()
    ran = subprocess.run(  # noqa: S603 - a program of ours
        [sys.executable, "-m", "tests.bench.part", name],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    how = f"failed with {ran.returncode}" if ran.returncode else "done"
    print(f"  {how} after {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    if ran.returncode:
        return None
    # What else a part printed stands before.
    return [Ratio(**facts) for facts in json.loads(ran.stdout.splitlines()[-1])]


def main() -> int:
    """Run the parts that are asked for, one after the other. Returns 1 when one failed or missed a target."""
    names = asked().parts or parts()
    share_surroundings()
    tried = {name: measure(name) for name in names}
    found = {name: ratios for name, ratios in tried.items() if ratios is not None}
    print(table(found))
    wrong = [f"{name} failed." for name in tried if name not in found]
    wrong += [
        f"{name}: {r.name}: not {r.target}" for name in found for r in found[name] if not r.met
    ]
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


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
