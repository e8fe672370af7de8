"""`make durations`: where the time of the last test run went: the twenty slowest tests, and the time per folder.

pytest leaves the report that this reads (`--junitxml`). A test's time is its set-up, itself and its end. Processes run
beside each other, so the sum is more than the run took.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

SLOWEST = 20


@dataclass(frozen=True, order=True)
class Duration:
    """How long one test took. `file` and `test` name it as pytest does."""

    seconds: float
    file: str
    test: str

    @property
    def folder(self) -> str:
        """Return the folder of the test's file.

        >>> Duration(1.0, "tests/media_core/test_rows.py", "test_a").folder
        'tests/media_core'
        """
        return self.file.rpartition("/")[0]


def read_durations(report: Path) -> list[Duration]:
    """Return the duration of every test in a report of pytest's."""
    cases = ET.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it
    return [
        Duration(float(case.get("time", 0)), case.get("file", ""), case.get("name", ""))
        for case in cases
    ]


def format_slowest(durations: Iterable[Duration]) -> list[str]:
    slowest = sorted(durations, reverse=True)[:SLOWEST]
    return [f"{each.seconds:8.1f} s  {each.file}::{each.test}" for each in slowest]


def format_folders(durations: Iterable[Duration]) -> list[str]:
    """Return a line for each folder: the seconds and the number of the tests that lie directly in it."""
    seconds, tests = defaultdict[str, float](float), defaultdict[str, int](int)
    for each in durations:
        seconds[each.folder] += each.seconds
        tests[each.folder] += 1
    folders = sorted(seconds, key=lambda folder: -seconds[folder])
    return [
        f"{seconds[folder]:8.1f} s  {tests[folder]:5} {'test ' if tests[folder] == 1 else 'tests'}  {folder}"
        for folder in folders
    ]


def main() -> int:
    """Return 1 when there is no report."""
    report = Path(sys.argv[1])
    if not report.exists():
        print(f"{report} is missing: run make test first.", file=sys.stderr)
        return 1
    durations = read_durations(report)
    total = sum(each.seconds for each in durations)
    print(
        f"{len(durations)} tests took {total:.0f} s, summed over all processes. The slowest {SLOWEST}:"
    )
    print(*format_slowest(durations), "", "By folder:", *format_folders(durations), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
