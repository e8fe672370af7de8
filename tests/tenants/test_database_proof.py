"""Nobody is bound before it is proved that connections keep their sessions: asked once, and again while it fails."""

import socket
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tenants.binding import bind_agency
from tenants.database.pool import add_pool
from tenants.database.probe import probe_connections
from tenants.database.proof import RETRY_SECONDS, DatabaseProof, get_connection_parameters
from tenants.errors import DatabaseNotProved

pytestmark = pytest.mark.django_db
AWAY: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": 9,
    "user": "gateway",
    "password": "nobody-reads-this",
}


class Asked:
    """Lends the parameters of one database after the other, and counts how often it is asked."""

    def __init__(self, *answers):
        self.answers, self.times = list(answers), 0

    def __call__(self):
        self.times += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_a_database_without_a_pooler_passes(world):
    probe_connections(get_connection_parameters())


def test_what_passed_is_not_asked_again(world):
    asked = Asked(get_connection_parameters())
    proof = DatabaseProof(asked)
    assert all(proof.holds() for _ in range(5))
    assert asked.times == 1


def test_what_failed_is_not_asked_again_at_once(world):
    asked = Asked(AWAY)
    proof = DatabaseProof(asked)
    assert not any(proof.holds() for _ in range(5))
    assert asked.times == 1


def test_it_holds_as_soon_as_the_database_answers(world):
    proof = DatabaseProof(Asked(AWAY, AWAY, get_connection_parameters()), retry_seconds=0)
    assert [proof.holds() for _ in range(4)] == [False, False, True, True]


def test_many_threads_at_once_ask_once_and_all_hear_of_it(world):
    asked, start = Asked(get_connection_parameters()), Barrier(8)
    proof = DatabaseProof(asked)

    def hold(_):
        start.wait()
        return proof.holds()

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(hold, range(8)))
    assert asked.times == 1


def test_the_refusal_and_the_log_name_the_reason_and_no_password(world, caplog):
    proof = DatabaseProof(Asked(AWAY))
    for _ in range(2):
        with pytest.raises(DatabaseNotProved, match=r"does not answer: .*refused") as refusal:
            proof.require()
        assert AWAY["password"] not in str(refusal.value)
    (said,) = [record.getMessage() for record in caplog.records if "No tenant" in record.msg]
    assert "does not answer" in said
    assert AWAY["password"] not in said


@pytest.mark.slow
def test_a_database_that_takes_calls_and_says_nothing_is_not_waited_for_without_end(world):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        with pytest.raises(DatabaseNotProved, match="does not answer"):
            probe_connections({**AWAY, "host": host, "port": port})


def test_a_client_is_told_when_to_come_again():
    assert RETRY_SECONDS >= 1
    assert DatabaseNotProved.status == 503


def test_after_the_first_binding_nothing_is_asked(world):
    from tenants.database.proof import database_proof  # noqa: PLC0415 - as it is after the suite's first binding

    with bind_agency():
        assert database_proof._proved


# --- the settings of a pool


def test_without_a_pool_nothing_changes():
    assert add_pool({"CONN_MAX_AGE": 60}, 0) == {"CONN_MAX_AGE": 60}


def test_with_a_pool_no_thread_keeps_a_connection():
    given = {"CONN_MAX_AGE": 60, "OPTIONS": {"sslmode": "require"}}
    found = add_pool(given, 7)
    assert (found["CONN_MAX_AGE"], found["OPTIONS"]["sslmode"]) == (0, "require")
    assert found["OPTIONS"]["pool"]["max_size"] == 7
    assert given == {"CONN_MAX_AGE": 60, "OPTIONS": {"sslmode": "require"}}
