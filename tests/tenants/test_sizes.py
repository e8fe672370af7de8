"""Sizes as people write them: strictly, so that nobody sets another quota than they meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.errors import SizeRefused
from tenants.sizes import MAX_SIZE_BYTES, UNITS, format_size, parse_size


@pytest.mark.parametrize(("text", "size_bytes"), [
    ("0", 0), ("250000", 250_000), ("1kB", 1000), ("50MB", 50_000_000), ("10GB", 10**10), ("10 GB", 10**10),
    ("2TB", 2 * 10**12),
    ("1KiB", 1024), ("1.5KiB", 1536), ("3MiB", 3 * 2**20), ("1GiB", 2**30), ("1TiB", 2**40), ("1.5GB", 1_500_000_000),
    ("0.001kB", 1), (str(MAX_SIZE_BYTES), MAX_SIZE_BYTES),
])  # fmt: skip
def test_a_size_is_read(text, size_bytes):
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize(("text", "remedy"), [
    ("10gb", "write '10GB'"), ("10Gb", "write '10GB'"), ("1KB", "write '1kB'"), ("5mib", "write '5MiB'"),
    ("", "a number of bytes"), ("GB", "a number of bytes"), ("-1", "a number of bytes"), ("+1", "a number of bytes"),
    ("1e9", "kB, MB, GB, TB, KiB, MiB, GiB, TiB"), ("1,5GB", "a number of bytes"), ("1_000", "a number of bytes"),
    ("१", "a number of bytes"), ("²", "a number of bytes"), ("10 GB ", "a number of bytes"),
    ("10GB\n", "a number of bytes"),
    ("10PB", "a number of bytes"), ("nan", "a number of bytes"), ("0x10", "a number of bytes"),
    ("1.5", "smaller unit"), ("0.0001kB", "smaller unit"), ("9223372036854775808", "is the most"),
    ("9999999999TB", "is the most"),
])  # fmt: skip
def test_anything_else_is_refused_with_the_value_and_the_remedy(text, remedy):
    with pytest.raises(SizeRefused) as refused:
        parse_size(text)
    assert repr(text) in refused.value.detail
    assert remedy in refused.value.detail


@given(st.integers(0, 10**6), st.sampled_from(sorted(UNITS)))
def test_a_number_with_a_unit_is_that_many_bytes(number, unit):
    assert parse_size(f"{number}{unit}") == number * UNITS[unit]


@given(st.integers(0, MAX_SIZE_BYTES))
def test_a_size_for_people_is_within_a_twentieth_and_never_a_thousand_of_a_unit(size_bytes):
    words = format_size(size_bytes)
    number, unit = words.split()
    if unit.startswith("byte"):
        assert int(number) == size_bytes < 1000
    else:
        assert abs(float(number) * UNITS[unit] - size_bytes) <= 0.0501 * UNITS[unit]
        assert float(number) < 1000 or unit == "TB"
