"""`make bench` prints its table and nothing else; what it measures does not depend on a quiet machine."""

import json
import os
import subprocess
import sys

from tests.bench.__main__ import HEAD
from tests.bench.timing import measure_slices, pick_median_round
from tests.environment import BUCKET_FACTS, ROOT, bucket_facts

# The part that takes the least time.
PART = "signing"


def run_bench(*parts: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    given = {**os.environ, BUCKET_FACTS: json.dumps(bucket_facts()), **environment}
    return subprocess.run(  # noqa: S603 - a program of ours
        [sys.executable, "-m", "tests.bench", *parts],
        env=given,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_prints_the_table_and_nothing_else() -> None:
    ran = run_bench(PART)
    head, dashes, *rows = ran.stdout.splitlines()
    assert [head, dashes] == HEAD.splitlines()
    assert len(rows) == 4
    assert all(row.startswith(f"| {PART} | ") and row.count(" | ") == 6 for row in rows)
    # What missed its target is named, which a test must not depend on.
    assert [line for line in ran.stderr.splitlines() if not line.startswith(f"{PART}: ")] == []


def test_shows_why_a_part_failed() -> None:
    ran = run_bench(PART, DATABASE_URL="postgres:///nobody?host=/nowhere")
    assert ran.returncode == 1
    assert ran.stdout.splitlines() == HEAD.splitlines()
    # The log's lines are JSON, so its quotation marks are escaped.
    assert 'connection to server on socket \\"/nowhere/' in ran.stderr
    assert ran.stderr.splitlines()[-1] == f"{PART} failed."


def test_the_sides_take_turns_and_none_always_comes_first() -> None:
    called: list[str] = []

    def note(side: str) -> float:
        called.append(side)
        return 1.0

    measure_slices({"a": lambda: note("a"), "b": lambda: note("b")}, rounds=2, turns=2)
    assert "".join(called) == "abbaabba"


def test_what_is_interrupted_does_not_count() -> None:
    disturbed = iter([9.0, 2.0, 2.0, 9.0] * 5)
    costs = measure_slices(
        {"ours": lambda: next(disturbed), "theirs": lambda: 1.0}, rounds=5, turns=4
    )
    assert costs == {"ours": [2.0] * 5, "theirs": [1.0] * 5}


def test_a_round_with_an_odd_ratio_does_not_count() -> None:
    assert pick_median_round([2.0, 30.0, 8.0], [1.0, 10.0, 2.0]) == (30.0, 10.0)
