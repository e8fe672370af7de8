"""The page of benchmarks shows what there is to measure, with the targets that the code holds to. None is run."""

import ast
import importlib
from pathlib import Path

import pytest

from tests.bench.__main__ import HEAD, PART, parts, table
from tests.bench.ratios import Ratio
from tests.test_docs import REFERENCE, rows

PAGE = REFERENCE / "benchmarks.md"
SIGNS = {"at_most": "≤", "at_least": "≥"}


def list_shown_rows() -> list[list[str]]:
    return rows(PAGE, HEAD.splitlines()[0])


def targets_in(part: str) -> set[str]:
    """Return the targets that a part's module gives, in signs; a name is looked up in the module."""
    module = importlib.import_module(f"tests.bench.{PART}{part}")
    tree = ast.parse(Path(str(module.__file__)).read_text())
    given = [
        keyword
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in SIGNS
    ]
    return {
        f"{SIGNS[str(keyword.arg)]} {number(keyword.value, vars(module)):g}" for keyword in given
    }


def number(node: ast.expr, names: dict[str, object]) -> float:
    value = names[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node)
    assert isinstance(value, int | float), ast.unparse(node)
    return value


@pytest.mark.parametrize("part", parts())
def test_the_page_shows_the_targets_of_each_part(part: str) -> None:
    assert {row[5] for row in list_shown_rows() if row[0] == part} - {""} == targets_in(part)


def test_every_part_on_the_page_can_be_measured() -> None:
    assert {row[0] for row in list_shown_rows()} == set(parts())


def test_a_missed_target_is_seen() -> None:
    slow = Ratio("Opening", 2.0, 1.0, "ms", "before", at_most=1.5)
    assert "| 2 | ≤ 1.5 | **no** |" in table({"opening": [slow]})


def test_a_figure_without_a_target_is_only_reported() -> None:
    assert table({"opening": [Ratio("Opening", 2.0, 1.0, "ms", "before")]}).endswith("| 2 |  |  |")
