"""Plain tables for a terminal or a pipe."""

import unicodedata
from collections.abc import Sequence


def format_table(*rows: Sequence[str]) -> str:
    """Return the rows as lines whose columns stand below each other.

    >>> print(format_table(("NAME", "STATUS"), ("日本", "active"), ("Acme", "suspended")))
    NAME  STATUS
    日本  active
    Acme  suspended
    """
    widths = [max(map(measure_width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_format_row(row, widths) for row in rows)


def _format_row(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = zip(row, widths, strict=True)
    return "  ".join(cell + " " * (width - measure_width(cell)) for cell, width in cells).rstrip()


def measure_width(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    return sum(_measure_character(character) for character in text)


def _measure_character(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"F", "W"} else 1
