"""Opening a private document: requests per second of one core, ours against others, on the same server in one run.

CPU time of the server's processes is what counts; the database's is reported beside it.
"""

from collections.abc import Mapping

import wagtail

from tests.bench.ratios import Ratio
from tests.bench.versus.rounds import ROUNDS, Cost, compare, measured
from tests.bench.versus.servers import granian, gunicorn
from tests.bench.versus.sides import Side, alive, gateway, one_site, recorded, sites

WHAT = "Opening a private document"
UNIT = "requests/s of a core"
WAGTAIL = f"Wagtail {wagtail.__version__}"
PER_LINK = "a new storage for each link"


def ratios() -> list[Ratio]:
    members = sites()
    ours, others, nothing = gateway(members, times=1), one_site(), alive(times=10)
    before = recorded(members)
    costs = measured(
        {
            "ours": (gunicorn, ours),
            "Wagtail": (gunicorn, others["wagtail"]),
            "Wagtail for a group": (gunicorn, others["for_a_group"]),
            "per link": (gunicorn, others["per_link"]),
            "nothing": (gunicorn, nothing),
            "ours on Granian": (granian, ours),
            "Wagtail on Granian": (granian, others["wagtail"]),
            "nothing on Granian": (granian, nothing),
        }
    )
    require_records(recorded(members) - before, ours)
    return [*with_targets(costs), *beside(costs)]


def require_records(kept: int, ours: Side) -> None:
    """Refuse figures of a gateway that opened more, or less, than it wrote down."""
    # Two servers; in each round once what is not counted.
    opened = 2 * ROUNDS * len(ours.asked) * (ours.times + 1)
    assert kept == opened, f"{opened} openings were answered, {kept} are on record."


def with_targets(costs: Mapping[str, Cost]) -> list[Ratio]:
    ours, wagtail, per_link = (costs[side].web for side in ("ours", "Wagtail", "per link"))
    return [
        Ratio(WHAT, *compare(ours, wagtail), UNIT, WAGTAIL, at_least=3),
        Ratio(WHAT, *compare(ours, per_link), UNIT, PER_LINK, at_least=100),
    ]


def beside(costs: Mapping[str, Cost]) -> list[Ratio]:
    """Return what is only reported: the database's share, and the other server."""
    web = {name: cost.web for name, cost in costs.items()}
    granians = web["ours on Granian"]
    whole = compare(costs["ours"].whole, costs["Wagtail"].whole)
    for_a_group = compare(web["ours"], web["Wagtail for a group"])
    on_granian = compare(granians, web["Wagtail on Granian"])
    nothing = compare(web["nothing on Granian"], web["nothing"])
    return [
        Ratio(f"{WHAT}, with the database's CPU", *whole, UNIT, WAGTAIL),
        Ratio(WHAT, *for_a_group, UNIT, f"{WAGTAIL}, for a group"),
        Ratio(f"{WHAT}, on Granian", *on_granian, UNIT, f"{WAGTAIL}, on Granian"),
        Ratio(f"{WHAT}, on Granian", *compare(granians, web["ours"]), UNIT, "on gunicorn"),
        Ratio("A view that does nothing, on Granian", *nothing, UNIT, "on gunicorn"),
    ]
