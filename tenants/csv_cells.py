"""CSV that a spreadsheet shows and never runs. Plain Python."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

# What spreadsheets take for the beginning of a formula; the wide forms too, in East Asian settings.
FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Cell = str | int | None


def escape_csv_cell(cell: Cell) -> str:
    """Return the cell as text that is no formula: a quote before it says so. Numbers of ours stay numbers.

    >>> escape_csv_cell("=HYPERLINK(A1)"), escape_csv_cell("Acme"), escape_csv_cell(-5), escape_csv_cell(None)
    ("'=HYPERLINK(A1)", 'Acme', '-5', '')
    """
    if cell is None:
        return ""
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(FORMULA_PREFIXES) else text


def format_csv(rows: Iterable[Sequence[Cell]]) -> str:
    r"""Return the rows as CSV (RFC 4180), each cell in quotes: so no separator inside one begins another.

    >>> format_csv([["name", "bytes"], ["@Acme", 5]])
    '"name","bytes"\r\n"\'@Acme","5"\r\n'
    """
    written = StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(map(escape_csv_cell, row) for row in rows)
    return written.getvalue()
