"""A real PgBouncer: in transaction mode it is found out, whatever its size and load; in session mode it passes."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tenants.database.probe import has_session_when_idle, probe_connections
from tenants.database.probe_connection import ProbeConnection
from tenants.errors import DatabaseNotProved
from tests.pgbouncer.bouncer import bouncer

pytestmark = [pytest.mark.django_db, pytest.mark.pgbouncer]
MIXING = ["transaction", "statement"]


@contextmanager
def others_at_work(url: str) -> Iterator[None]:
    """Let four others use the pooler all the time, as workers do."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            with suppress(psycopg.OperationalError), psycopg.connect(url, autocommit=True) as line:
                while not over.is_set():
                    line.execute("SELECT pg_sleep(0.002)")

    with ThreadPoolExecutor(4) as threads:
        for _ in range(4):
            threads.submit(work)
        try:
            yield
        finally:
            over.set()


@pytest.mark.parametrize("round_robin", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("mode", MIXING)
def test_a_pooler_that_mixes_is_refused_with_the_remedy(mode, size, round_robin, world):
    with bouncer(mode, size, round_robin=round_robin) as url:
        for _ in range(3):
            with pytest.raises(DatabaseNotProved, match="pool_mode = session"):
                probe_connections(dict(conninfo_to_dict(url)))


@pytest.mark.parametrize("size", [1, 8])
def test_it_is_refused_while_others_use_it(size, world):
    with bouncer("transaction", size) as url, others_at_work(url):
        for _ in range(3):
            with pytest.raises(DatabaseNotProved, match="pool_mode = session"):
                probe_connections(dict(conninfo_to_dict(url)))


@pytest.mark.parametrize("round_robin", [False, True])
@pytest.mark.parametrize("size", [1, 2, 8])
def test_a_resting_connection_is_certain_to_be_found_without_a_session(size, round_robin, world):
    """By itself, too: the part that depends on no chance."""
    with bouncer("transaction", size, round_robin=round_robin) as url:
        parameters, until = dict(conninfo_to_dict(url)), time.monotonic() + 120
        with (
            ProbeConnection.open(parameters, until) as ours,
            ProbeConnection.open(parameters, until) as theirs,
        ):
            assert not has_session_when_idle(ours, theirs)


@pytest.mark.parametrize("size", [2, 20])
def test_session_mode_passes(size, world):
    with bouncer("session", size) as url:
        for _ in range(3):
            probe_connections(dict(conninfo_to_dict(url)))


def test_session_mode_passes_while_others_use_it(world):
    with bouncer("session", 8) as url, others_at_work(url):
        probe_connections(dict(conninfo_to_dict(url)))


def test_a_pooler_that_has_no_second_connection_is_not_waited_for_without_end(world):
    with bouncer("session", 1) as url:
        began = time.monotonic()
        with pytest.raises(DatabaseNotProved, match="does not answer"):
            probe_connections(dict(conninfo_to_dict(url)))
        assert time.monotonic() - began < 120
