"""Run one slice of the chosen tests, as a pytest plugin: `--slice 3 --slices 8`.

`.ci/run` runs another slice of the slow tests at each commit, so that all of them run every few commits. Any number is
taken modulo the number of slices.
"""

from collections.abc import Iterable

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("slices")
    group.addoption("--slice", type=int, default=None, help="run this slice only, counted from 0")
    group.addoption("--slices", type=int, default=1, help="how many slices there are (%(default)s)")


# Last: what -m and -k leave out belongs to no slice.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    number, slices = config.getoption("slice"), config.getoption("slices")
    if number is None:
        return
    chosen = choose_slice([item.nodeid for item in items], number, slices)
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in chosen])
    items[:] = [item for item in items if item.nodeid in chosen]


def choose_slice(names: Iterable[str], number: int, slices: int) -> set[str]:
    """Return the names in one slice. Neighbours go to different slices: tests of one file take about as long.

    >>> [sorted(choose_slice("abcde", number, 2)) for number in range(2)]
    [['a', 'c', 'e'], ['b', 'd']]
    """
    return set(sorted(names)[number % slices :: slices])
