"""Measures the sides of a ratio in short slices that take turns, and takes the ratio of each round by itself.

A busy neighbour makes CPU time longer too: it interrupts, empties caches and shares a core. So a round takes several
slices of each side, and the best counts: it was not interrupted. What lasts for the whole round lengthens both sides,
and their ratio hardly changes. Of all rounds the one with the median ratio counts.
"""

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

Work = Callable[[], object]
# Measures one slice of a side, and returns the CPU seconds of one call.
Slice = Callable[[], float]
TURNS = 12
SLICE_SECONDS = 0.0005


def measure_works(
    works: Mapping[str, Work],
    *,
    rounds: int,
    turns: int = TURNS,
    slice_seconds: float = SLICE_SECONDS,
) -> dict[str, list[float]]:
    """Return the CPU seconds that one call of each takes, by name: one figure for each round.

    They are those of this whole process, all threads together. The call itself is counted, on every side. What is
    done once is not: each is called before.
    """
    slices = {name: make_slice(work, slice_seconds) for name, work in works.items()}
    return measure_slices(slices, rounds=rounds, turns=turns)


def measure_slices(
    slices: Mapping[str, Slice], *, rounds: int, turns: int
) -> dict[str, list[float]]:
    """Return what each side costs, by name: one figure for each round, that of its best slice.

    In a round each side has `turns` slices. Every turn goes back the way that the one before went (A B, B A), so no
    side always comes first, or after another.
    """
    costs: dict[str, list[float]] = {name: [] for name in slices}
    order = list(slices)
    with pause_garbage_collector():
        for _ in range(rounds):
            gc.collect()
            taken: dict[str, list[float]] = {name: [] for name in slices}
            for _ in range(turns):
                for name in order:
                    taken[name].append(slices[name]())
                order.reverse()
            for name in slices:
                costs[name].append(min(taken[name]))
    return costs


def pick_median_round(measured: Sequence[float], baseline: Sequence[float]) -> tuple[float, float]:
    """Return the figures of the round in which `measured / baseline` is the median of all rounds.

    >>> pick_median_round([2.0, 30.0, 8.0], [1.0, 10.0, 2.0])
    (30.0, 10.0)
    """
    pairs = sorted(zip(measured, baseline, strict=True), key=lambda pair: pair[0] / pair[1])
    return pairs[len(pairs) // 2]


def make_slice(work: Work, seconds: float) -> Slice:
    """Return what calls the work for about so long, and returns the CPU seconds of one call."""
    calls = calibrate_calls(seconds, work)
    return lambda: cpu_seconds(work, calls) / calls


def cpu_seconds(work: Work, calls: int = 1) -> float:
    """Return the CPU seconds of this whole process, all threads together, that so many calls take."""
    started = time.process_time()
    for _ in range(calls):
        work()
    return time.process_time() - started


def calibrate_calls(seconds: float, work: Work) -> int:
    """Return how many calls take about so long. Calls it on the way, so what is done once is done."""
    work()
    calls = 1
    while (taken := cpu_seconds(work, calls)) < seconds / 4:
        calls *= 2
    return max(1, round(calls * seconds / taken))


@contextmanager
def pause_garbage_collector() -> Iterator[None]:
    """Keep Python's garbage collector from running by itself: it would hit one slice and not the next.

    What is there already is set aside, so that gc.collect() between the rounds is cheap.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
