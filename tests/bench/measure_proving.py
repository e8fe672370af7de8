"""How long it takes to prove that a hundred tenants are isolated, on whatever bucket the environment names."""

import sys

from django.db import connection

from media_core.upkeep.proving.neighbours import assign_neighbours
from media_core.upkeep.proving.plan import make_plan
from media_core.upkeep.proving.prove import prove
from tests.bench.many import tenants
from tests.bench.ratios import Ratio

TENANTS = 100
MINUTE_SECONDS = 60


def ratios() -> list[Ratio]:
    chosen = assign_neighbours([site.tenant for site in tenants(TENANTS)])
    print(make_plan(chosen).description, file=sys.stderr)
    made = prove(chosen, tell=lambda line: print(line, file=sys.stderr))
    connection.close()
    assert made.passed, made.document["failures"][:3]
    return [
        Ratio(
            f"Proving that {TENANTS} tenants are isolated ({made.tried} asks)",
            made.document["seconds"],
            MINUTE_SECONDS,
            "s",
            "one minute",
            at_most=1,
        )
    ]
