"""Sizes as people write and read them: 1 MB is 1,000,000 bytes, 1 MiB is 1,048,576. Plain Python."""

import re
from decimal import Decimal

from tenants.errors import SizeRefused

THOUSAND = 1000
UNITS = {
    "": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
# What a column of the database takes.
MAX_SIZE_BYTES = 2**63 - 1
SIZE_PATTERN = re.compile(r"(?P<number>[0-9]{1,19}(?:\.[0-9]{1,12})?) ?(?P<unit>[A-Za-z]*)")


def format_size(size_bytes: int) -> str:
    """Return a number of bytes for people, as bills count: in thousands.

    >>> format_size(1), format_size(1_250), format_size(999_960), format_size(5_000_000_000_000)
    ('1 byte', '1.2 kB', '1 MB', '5 TB')
    """
    if size_bytes < THOUSAND:
        return f"{size_bytes} byte{'' if size_bytes == 1 else 's'}"
    amount, units = size_bytes / THOUSAND, ["kB", "MB", "GB", "TB"]
    while round(amount, 1) >= THOUSAND and len(units) > 1:
        amount /= THOUSAND
        units.pop(0)
    return f"{amount:.1f}".removesuffix(".0") + f" {units[0]}"


def format_exact_size(size_bytes: int) -> str:
    """Return a number of bytes for people who compare it with another one.

    >>> format_exact_size(999), format_exact_size(1_960_000)
    ('999 bytes', '2 MB (1,960,000 bytes)')
    """
    words = format_size(size_bytes)
    return words if size_bytes < THOUSAND else f"{words} ({size_bytes:,} bytes)"


def parse_size(text: str) -> int:
    """Return the bytes that somebody wrote, such as 10GB, 1.5 GiB or 250000.

    >>> parse_size("10GB"), parse_size("1.5 KiB"), parse_size("250000")
    (10000000000, 1536, 250000)
    >>> parse_size("10gb")
    Traceback (most recent call last):
    tenants.errors.SizeRefused: The size cannot be read. '10gb': write '10GB'.

    Raises SizeRefused. Nothing is guessed: no other case, no part of a byte, no sign.
    """
    written = SIZE_PATTERN.fullmatch(text)
    if not written or written["unit"] not in UNITS:
        raise SizeRefused(f"{text[:40]!r}: write {_suggest_size(written)}.")
    size_bytes = Decimal(written["number"]) * UNITS[written["unit"]]
    if size_bytes != int(size_bytes):
        raise SizeRefused(f"{text!r} is no whole number of bytes: write it in a smaller unit.")
    if size_bytes > MAX_SIZE_BYTES:
        raise SizeRefused(f"{text!r} is more than can be counted: {MAX_SIZE_BYTES} is the most.")
    return int(size_bytes)


def _suggest_size(written: re.Match[str] | None) -> str:
    """Return how it is to be written: with the unit that was meant where that is clear."""
    meant = {unit.lower(): unit for unit in UNITS}.get((written["unit"] if written else "").lower())
    if written and meant:
        return repr(f"{written['number']}{meant}")
    return f"a number of bytes, or a number with one of {', '.join(filter(None, UNITS))}"
