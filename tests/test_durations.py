"""`make durations` says which tests take the time, and in which folders."""

import sys
from pathlib import Path

import pytest

from tests.durations import Duration, format_folders, format_slowest, main, read_durations

REPORT = """<testsuites><testsuite name="pytest">
<testcase file="tests/test_a.py" name="test_x[1]" time="0.250"/>
<testcase file="tests/media_core/test_b.py" name="test_y" time="2.000"><failure message="no"/></testcase>
<testcase file="tests/media_core/test_b.py" name="test_z" time="1.500"/>
</testsuite></testsuites>"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.xml"
    path.write_text(REPORT)
    return path


def test_the_slowest_come_first(report: Path) -> None:
    assert format_slowest(read_durations(report)) == [
        "     2.0 s  tests/media_core/test_b.py::test_y",
        "     1.5 s  tests/media_core/test_b.py::test_z",
        "     0.2 s  tests/test_a.py::test_x[1]",
    ]


def test_twenty_at_most_are_named() -> None:
    many = [Duration(float(number), "tests/test_a.py", "test_x") for number in range(30)]
    lines = format_slowest(many)
    assert (len(lines), lines[0].split()[0]) == (20, "29.0")


def test_each_folder_has_its_sum(report: Path) -> None:
    assert format_folders(read_durations(report)) == [
        "     3.5 s      2 tests  tests/media_core",
        "     0.2 s      1 test   tests",
    ]


def test_without_a_run_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["durations", str(tmp_path / "none.xml")])
    assert main() == 1
    assert "run make test first" in capsys.readouterr().err
