"""Jobs that a worker does in a second of CPU: one that does nothing for its tenant, against procrastinate alone.

A worker is one process, and Python lets one thread run at a time: its CPU time is the limit.
"""

import json

from tests.bench.ratios import Ratio
from tests.bench.separate import database_of
from tests.bench.timing import pick_median_round

TENANTS = 2_000


def ratios() -> list[Ratio]:
    there = database_of("jobs", TENANTS)
    ran = there.run("-m", "tests.bench.jobs", seconds=None)
    assert ran.code == 0, ran.complained
    costs = json.loads(ran.said.splitlines()[-1])
    ours, plain = pick_median_round(costs["ours"], costs["plain"])
    return [
        Ratio(
            "A job that does nothing for its tenant", 1 / ours, 1 / plain, "jobs/s of a core",
            "procrastinate as it comes", at_least=0.8,
        )
    ]  # fmt: skip
