"""CSV that a spreadsheet shows and never runs. Plain Python."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

# What spreadsheets take for the beginning of a formula; the wide forms too, in East Asian settings.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Cell = str | int | None


def csv_safe(cell: Cell) -> str:
    """Return the cell as text that is no formula: a quote before it says so. Numbers of ours stay numbers.

    >>> csv_safe("=HYPERLINK(A1)"), csv_safe("Acme"), csv_safe(-5), csv_safe(None)
    ("'=HYPERLINK(A1)", 'Acme', '-5', '')
    """
    if cell is None:
        return ""
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(FORMULA) else text


def csv_text(rows: Iterable[Sequence[Cell]]) -> str:
    r"""Return the rows as CSV (RFC 4180), each cell in quotes: so no separator inside one begins another.

    >>> csv_text([["name", "bytes"], ["@Acme", 5]])
    '"name","bytes"\r\n"\'@Acme","5"\r\n'
    """
    written = StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(map(csv_safe, row) for row in rows)
    return written.getvalue()
