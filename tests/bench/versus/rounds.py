"""Servers that take turns in being asked, and what one request costs each of them."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.bench.timing import pick_median_round
from tests.bench.versus.client import Asked, ask_all
from tests.bench.versus.servers import Program, Server, on_cores, serving
from tests.bench.versus.sides import Side

# Odd: the median is the ratio of a round.
ROUNDS = 9
# Short, so that some of a round are not interrupted.
SLICE = 80


@dataclass
class Cost:
    """What one request cost in CPU seconds: for each round, the best slice."""

    web: list[float] = field(default_factory=list)
    # The database's included.
    whole: list[float] = field(default_factory=list)


def compare(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Return the requests per second of CPU of both, in the round with the median ratio."""
    seconds, their_seconds = pick_median_round(ours, theirs)
    return 1 / seconds, 1 / their_seconds


def measured(what: Mapping[str, tuple[Program, Side]]) -> dict[str, Cost]:
    """Return what each costs by name. All servers run, the client off their core.

    Each round goes through all, back the way that the one before went.
    """
    costs = {name: Cost() for name in what}
    with ExitStack() as running:
        servers = {
            name: running.enter_context(
                serving(program, side.wsgi, name=f"bench {name}", environment=side.environment)
            )
            for name, (program, side) in what.items()
        }
        with on_cores(first=False):
            order = list(what)
            for _ in range(ROUNDS):
                for name in order:
                    note_round(costs[name], servers[name], what[name][1])
                order.reverse()
    return costs


def note_round(cost: Cost, server: Server, side: Side) -> None:
    """Measure a round. Before it everything is asked once: who rests for ten seconds forgets its hosts."""
    ask_all(server.port, side.asked)
    asked = side.asked * side.times
    slices = [
        measure_slice(server, side, asked[start : start + SLICE])
        for start in range(0, len(asked), SLICE)
    ]
    cost.web.append(min(web for web, _ in slices))
    cost.whole.append(min(map(sum, slices)))


def measure_slice(server: Server, side: Side, asked: Sequence[Asked]) -> tuple[float, float]:
    """Return what one request costs the server, and the database: CPU seconds."""
    web, backends = server.web_seconds(), server.backend_seconds(side.database_url)
    ask_all(server.port, asked)
    served = server.web_seconds() - web
    after = server.backend_seconds(side.database_url)
    taken = sum(seconds - backends.get(pid, 0) for pid, seconds in after.items())
    return served / len(asked), taken / len(asked)
