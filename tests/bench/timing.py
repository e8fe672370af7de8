"""Times the sides of a ratio in one run: in turn, several rounds, the best of each, CPU time only.

Wall clock says what else the machine does; the best round of CPU time says what the code costs.
"""

import time
from collections.abc import Callable, Mapping

Work = Callable[[], object]
ROUNDS = 25
ROUND_SECONDS = 0.02


def cpu_seconds_each(
    works: Mapping[str, Work], *, rounds: int = ROUNDS, round_seconds: float = ROUND_SECONDS
) -> dict[str, float]:
    """Return the CPU seconds that one call of each takes, by name: the best round of each.

    The rounds take turns, so that what disturbs one side disturbs the other. The call itself is counted, on every side.
    """
    calls = {name: _calls_in(round_seconds, work) for name, work in works.items()}
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            best[name] = min(best[name], cpu_seconds(work, calls[name]) / calls[name])
    return best


def cpu_seconds(work: Work, calls: int = 1) -> float:
    """Return the CPU seconds of this whole process, all threads together, that so many calls take."""
    started = time.process_time()
    for _ in range(calls):
        work()
    return time.process_time() - started


def _calls_in(seconds: float, work: Work) -> int:
    """Return how many calls fill a round. It warms up on the way: what is done once is not counted."""
    work()
    calls = 1
    while (taken := cpu_seconds(work, calls)) < seconds / 4:
        calls *= 2
    return max(1, round(calls * seconds / taken))
