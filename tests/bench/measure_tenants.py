"""What the 2,000th tenant costs to create, against the 10th: CPU time of the process and of its database connection.

Two databases, one with few tenants and one with 2,000, take turns. The first of a connection is not counted: it reads
the recording and fills PostgreSQL's caches.
"""

from dataclasses import dataclass, field
from statistics import median
from subprocess import PIPE, Popen

from tests.bench.ratios import Ratio
from tests.bench.separate import database_of, dropped
from tests.tenants.upgrades.conftest import Deployment

FEW, MANY = 5, 1_995
ROUNDS = 11


@dataclass
class Creator:
    """A process that creates one tenant after the other in one database."""

    process: Popen[str]
    milliseconds: list[float] = field(default_factory=list)

    def create(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.milliseconds.append(sum(map(float, self.process.stdout.readline().split())) / 1000)


def ratios() -> list[Ratio]:
    dropped("few_tenants")
    creators = [
        creator(database_of("few_tenants", FEW)),
        creator(database_of("many_tenants", MANY)),
    ]
    for _ in range(ROUNDS):
        for one in creators:
            one.create()
    for one in creators:
        one.process.communicate(timeout=30)
    tenth, two_thousandth = ([*one.milliseconds[1:]] for one in creators)
    return [
        Ratio(
            "creating the 2,000th tenant: best",
            min(two_thousandth),
            min(tenth),
            "ms",
            "the 10th",
            at_most=1.5,
        ),
        Ratio(
            "creating the 2,000th tenant: median",
            median(two_thousandth),
            median(tenth),
            "ms",
            "the 10th",
            at_most=1.5,
        ),
    ]


def creator(there: Deployment) -> Creator:
    return Creator(there.start("-m", "tests.bench.creating", stdin=PIPE))
