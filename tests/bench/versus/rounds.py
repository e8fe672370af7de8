"""Servers that take turns in being asked, and what one request costs each of them."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.bench.versus.client import Asked, ask_all
from tests.bench.versus.servers import Program, Server, on_cores, serving
from tests.bench.versus.sides import Side

ROUNDS = 8
# Short, so that some of them find the machine quiet.
SLICE = 80


@dataclass
class Cost:
    """What one request cost in CPU seconds, a figure for each slice of a round."""

    web: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)

    @property
    def per_core(self) -> float:
        """Requests per second of the server's CPU: the best slice, since other work can only slow one down."""
        return 1 / min(self.web)

    @property
    def with_database(self) -> float:
        """Requests per second of CPU when the database's is counted as the server's."""
        return 1 / min(map(sum, zip(self.web, self.database, strict=True)))


def measured(what: Mapping[str, tuple[Program, Side]]) -> dict[str, Cost]:
    """Return what each costs by name. All servers run, the client off their core, and each round goes through all."""
    costs = {name: Cost() for name in what}
    with ExitStack() as running:
        servers = {
            name: running.enter_context(
                serving(program, side.wsgi, name=f"bench {name}", environment=side.environment)
            )
            for name, (program, side) in what.items()
        }
        with on_cores(first=False):
            for _ in range(ROUNDS):
                for name, (_, side) in what.items():
                    note_round(costs[name], servers[name], side)
    return costs


def note_round(cost: Cost, server: Server, side: Side) -> None:
    """Measure a round. Before it everything is asked once: who rests for ten seconds forgets its hosts."""
    ask_all(server.port, side.asked)
    asked = side.asked * side.times
    for start in range(0, len(asked), SLICE):
        note_slice(cost, server, side, asked[start : start + SLICE])


def note_slice(cost: Cost, server: Server, side: Side, asked: Sequence[Asked]) -> None:
    web, backends = server.web_seconds(), server.backend_seconds(side.database_url)
    ask_all(server.port, asked)
    cost.web.append((server.web_seconds() - web) / len(asked))
    after = server.backend_seconds(side.database_url)
    taken = sum(seconds - backends.get(pid, 0) for pid, seconds in after.items())
    cost.database.append(taken / len(asked))
