"""The slow tests are cut into slices: each test is in exactly one."""

from itertools import chain

from tests.slices import choose_slice

NAMES = [f"test_{number}" for number in range(8)]


def test_every_test_is_in_exactly_one_slice() -> None:
    slices = [choose_slice(NAMES, number, 3) for number in range(3)]
    assert sorted(chain.from_iterable(slices)) == NAMES
    assert [len(each) for each in slices] == [3, 3, 2]


def test_any_number_names_a_slice() -> None:
    assert choose_slice(NAMES, 301, 3) == choose_slice(NAMES, 1, 3)


def test_more_slices_than_tests_leave_some_empty() -> None:
    assert choose_slice(NAMES, 9, 10) == set()
