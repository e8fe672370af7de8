"""What opening a private document costs: requests per core of the web process, and statements on the wire."""

from tests.bench.many import tenants
from tests.bench.opening import in_turn, plain_application
from tests.bench.ratios import Ratio
from tests.bench.timing import measure_works, pick_median_round
from tests.wire import statements

TENANTS = 300
ROUNDS, TURNS = 21, 2
# Short, so that each host comes again before the process forgets it.
SLICE_SECONDS = 0.1


def ratios() -> list[Ratio]:
    sites = tenants(TENANTS)
    ours, plain = in_turn(sites), in_turn(sites, plain_application())
    costs = measure_works(
        {"ours": ours, "plain": plain},
        rounds=ROUNDS,
        turns=TURNS,
        slice_seconds=SLICE_SECONDS,
    )
    seconds, plain_seconds = pick_median_round(costs["ours"], costs["plain"])
    warm = in_turn(sites[:1])
    warm()
    with statements() as sent:
        warm()
    return [
        Ratio(
            "Opening a private document, web process",
            1 / seconds,
            1 / plain_seconds,
            "requests per core",
            "the same by the ORM's own queries",
            at_least=3,
        ),
        Ratio(
            "Statements on the wire to open it, SET included",
            len(sent),
            1,
            "statements",
            "one",
            at_most=4,
        ),
    ]
