"""Two tenants, eight threads, every kind of use, on every kind of connection: each answer is the right tenant's."""

import pytest

from tests.soak.__main__ import THREADS
from tests.soak.kinds import KINDS
from tests.soak.running import fill, run

pytestmark = pytest.mark.django_db
CONNECTIONS = {
    "kept": {"DATABASE_CONN_MAX_AGE": "60"},
    "opened for each request": {"DATABASE_CONN_MAX_AGE": "0"},
    "a pool with fewer connections than threads": {"DATABASE_POOL_SIZE": "3"},
}
A_LONG_TIME = 60


@pytest.mark.parametrize(
    "rounds",
    [1, pytest.param(A_LONG_TIME, marks=[pytest.mark.slow(seconds=100), pytest.mark.run_first])],
)
@pytest.mark.parametrize("connections", CONNECTIONS)
def test_every_answer_is_the_right_tenants(rounds, connections, committed, acme, globex):
    committed(lambda: fill(acme, globex))
    found = run(str(rounds), **CONNECTIONS[connections])
    uses = rounds * THREADS * len(KINDS) * 2
    assert found == {"uses": uses, "right": found["right"]}
    assert found["right"] > uses


def test_there_are_fourteen_kinds_of_use_at_least():
    assert len(KINDS) >= 14


def test_a_process_that_forks_leaves_its_pool_to_the_parent(committed, acme):
    committed(lambda: fill(acme))
    found = run(module="tests.soak.forked", DATABASE_POOL_SIZE="2")
    assert found == {"child": 0, "before": ["Acme"], "after": ["Acme"]}
