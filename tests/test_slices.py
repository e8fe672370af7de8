"""The slow tests are cut into slices: each test is in exactly one, and no slice takes long."""

from itertools import chain

from tests.slices import cut_into_slices

SECONDS = {f"test_{number}": number % 7 + 1.0 for number in range(40)}


def test_every_test_is_in_exactly_one_slice() -> None:
    slices = cut_into_slices(SECONDS, limit=20)
    assert sorted(chain.from_iterable(slices)) == sorted(SECONDS)


def test_no_slice_takes_longer_than_the_limit() -> None:
    slices = cut_into_slices(SECONDS, limit=20)
    assert all(0 < sum(SECONDS[name] for name in each) <= 20 for each in slices)


def test_a_test_that_takes_longer_is_a_slice_by_itself() -> None:
    slices = cut_into_slices({**SECONDS, "test_3_long": 90.0}, limit=20)
    assert frozenset({"test_3_long"}) in slices
