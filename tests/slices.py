"""Run one slice of the chosen tests, as a pytest plugin: `--slice 3`.

`.ci/run` runs a slice of the slow tests at every fourth commit, another one each time. A slow test
that takes much longer than others says so: `@pytest.mark.slow(seconds=60)`.
"""

from collections.abc import Mapping

import pytest

# Of tests on two cores, summed over three processes that run beside each other: about a minute and a half.
SLICE_SECONDS = 190
# A slow test that does not say how long it takes.
TEST_SECONDS = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("slices")
    group.addoption(
        "--slice",
        type=int,
        default=None,
        help="run one slice of the slow tests, whatever the number",
    )


# Last: what -m and -k leave out belongs to no slice.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    number = config.getoption("slice")
    if number is None or not items:
        return
    slices = cut_into_slices({item.nodeid: estimate_seconds(item) for item in items})
    chosen = slices[number % len(slices)]
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in chosen])
    items[:] = [item for item in items if item.nodeid in chosen]


def estimate_seconds(item: pytest.Item) -> float:
    marks = (mark.kwargs.get("seconds") for mark in item.iter_markers("slow"))
    return next((seconds for seconds in marks if seconds), TEST_SECONDS)


def cut_into_slices(
    seconds: Mapping[str, float], limit: float = SLICE_SECONDS
) -> list[frozenset[str]]:
    """Return slices of at most `limit` seconds. Neighbours stay together: tests of one file share what is set up.

    A test that takes longer is a slice by itself.

    >>> [sorted(each) for each in cut_into_slices({"b": 2, "a": 1, "c": 9, "d": 1}, limit=4)]
    [['a', 'b'], ['c'], ['d']]
    """
    slices: list[set[str]] = []
    room = 0.0
    for name in sorted(seconds):
        if not slices or seconds[name] > room:
            slices.append(set())
            room = limit
        slices[-1].add(name)
        room -= seconds[name]
    return [frozenset(each) for each in slices]
