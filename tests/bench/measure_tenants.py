"""What the 2,000th tenant costs to create, against the 10th: CPU time of the process and of its database connection.

Two databases, one with few tenants and one with 2,000, take turns. The first of a connection is not counted: it reads
the recording and fills PostgreSQL's caches.
"""

from dataclasses import dataclass
from subprocess import PIPE, Popen

from tests.bench.ratios import Ratio
from tests.bench.separate import database_of, dropped
from tests.bench.timing import measure_slices, pick_median_round
from tests.tenants.upgrades.conftest import Deployment

# Each gets 12 more: 10 and 2,000 are in the middle. More in one round would leave fewer rounds.
FEW, MANY = 4, 1_994
ROUNDS, TURNS = 11, 1


@dataclass
class Creator:
    """A process that creates one tenant after the other in one database."""

    process: Popen[str]

    def create(self) -> float:
        """Create a tenant, and return the milliseconds of CPU time that it took."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return sum(map(float, self.process.stdout.readline().split())) / 1000


def ratios() -> list[Ratio]:
    dropped("few_tenants")
    few = start_creator(database_of("few_tenants", FEW))
    many = start_creator(database_of("many_tenants", MANY))
    for one in (few, many):
        one.create()
    costs = measure_slices({"few": few.create, "many": many.create}, rounds=ROUNDS, turns=TURNS)
    for one in (few, many):
        one.process.communicate(timeout=30)
    figures = pick_median_round(costs["many"], costs["few"])
    return [Ratio("Creating the 2,000th tenant", *figures, "ms CPU", "the 10th", at_most=1.5)]


def start_creator(there: Deployment) -> Creator:
    return Creator(there.start("-m", "tests.bench.creating", stdin=PIPE))
