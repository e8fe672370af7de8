"""The slow tests are cut into slices: each test is in exactly one."""

from itertools import chain

from tests.slices import choose_slice

NAMES = [f"test_{number}" for number in range(40)]


def test_every_test_is_in_exactly_one_slice() -> None:
    slices = [choose_slice(NAMES, number, 8) for number in range(8)]
    assert sorted(chain.from_iterable(slices)) == sorted(NAMES)
    assert all(slices)


def test_any_number_names_a_slice() -> None:
    assert choose_slice(NAMES, 801, 8) == choose_slice(NAMES, 1, 8)
