"""CSV for spreadsheets: no cell of ours is a formula, and every cell comes back as one cell."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.csv_cells import FORMULA_PREFIXES, escape_csv_cell, format_csv

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
STARTS = st.sampled_from([*FORMULA_PREFIXES, "", "a", '"', ";", ","])


@pytest.mark.parametrize("cell", [
    "=1+1", "=HYPERLINK(\"http://evil.example\",\"x\")", "+49 30 1", "-5+cmd|' /C calc'!A0", "@SUM(A1)",
    "\t=1", "\r=1", "\n=1",
    "＝1", "＋1", "－1", "＠x",
])  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(cell):
    assert escape_csv_cell(cell) == f"'{cell}"


@pytest.mark.parametrize(("cell", "shown"), [
    ("Acme", "Acme"), ("a=b", "a=b"), ("", ""), (None, ""), (-5, "-5"), (0, "0"), ("'quoted'", "'quoted'"),
    ("日本", "日本"),
])  # fmt: skip
def test_everything_else_is_left_alone(cell, shown):
    assert escape_csv_cell(cell) == shown


@given(rows=st.lists(st.tuples(STARTS, CELL).map("".join), min_size=1, max_size=5))
def test_no_separator_or_quote_inside_a_cell_begins_another(rows):
    text = format_csv([rows])
    (read,) = csv.reader(StringIO(text, newline=""), strict=True)
    assert read == [escape_csv_cell(cell) for cell in rows]
    assert not [cell for cell in read if cell.startswith(FORMULA_PREFIXES)]
