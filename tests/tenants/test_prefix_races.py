"""The database keeps rooms apart also between connections: at commit, and when two inserts race."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest

from tenants.models import PrefixReservation, make_schema_name
from tests.tenants.conftest import Connect, Connection

pytestmark = pytest.mark.django_db

TENANT = """
    INSERT INTO tenants_tenant (id, name, status, location_prefix, schema_name, schema_version, created_at)
    VALUES (%s, 'x', 'active', %s, %s, '', now())
"""
RESERVATION = """
    INSERT INTO tenants_prefixreservation (prefix, tenant_id, reserved_at) VALUES (%s, %s, now())
"""


def add_tenant(on: Connection, prefix: str, *, reserved: bool = True) -> None:
    tenant_id = uuid.uuid4()
    on.execute(TENANT, [tenant_id, prefix, make_schema_name()])
    if reserved:
        on.execute(RESERVATION, [prefix, tenant_id])


def test_a_tenant_without_a_reservation_is_refused_at_commit(
    connect: Connect, leaves_nothing: None
):
    other = connect()
    add_tenant(other, "unreserved/", reserved=False)
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="tenant_prefix_is_reserved"):
        other.commit()


def test_a_tenant_whose_prefix_is_spelt_otherwise_than_its_reservation_is_refused(
    acme, connect: Connect, leaves_nothing: None
):
    other = connect()
    other.execute(TENANT, [uuid.uuid4(), "ACME/", make_schema_name()])
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        other.commit()


PAIRS = [
    ("race/", "race/"),
    ("race/", "RACE/"),
    ("race/", "race/sub/"),
    ("race/sub/", "Race/"),
    ("race/a/b/", "race/a/"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_of_two_inserts_that_race_exactly_one_wins(
    one, other, connect: Connect, leaves_nothing: None
):
    ready = Barrier(2)

    def wins(racer: Connection, prefix: str) -> bool:
        ready.wait()
        try:
            add_tenant(racer, prefix)
            racer.commit()
        except (psycopg.IntegrityError, psycopg.errors.DeadlockDetected):
            return False
        return True

    with ThreadPoolExecutor(2) as racers:
        won = list(racers.map(wins, [connect(), connect()], [one, other]))
    assert sorted(won) == [False, True]


@pytest.mark.parametrize(("one", "other"), PAIRS[1:3])
def test_an_insert_waits_for_one_that_is_not_committed_yet(
    one, other, connect: Connect, leaves_nothing: None
):
    first, second = connect(), connect()
    add_tenant(first, one)
    second.execute("SET lock_timeout = '50ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        add_tenant(second, other)


@pytest.mark.parametrize(("one", "other"), PAIRS[:3])
def test_a_room_is_free_again_when_the_first_rolls_back(
    one, other, connect: Connect, leaves_nothing: None
):
    first, second = connect(), connect()
    add_tenant(first, one)
    first.rollback()
    add_tenant(second, other)
    second.commit()
    assert PrefixReservation.objects.filter(prefix=other).exists()


def test_rooms_side_by_side_are_taken_at_once(connect: Connect, leaves_nothing: None):
    first, second = connect(), connect()
    add_tenant(first, "race/a/")
    add_tenant(second, "race/b/")
    second.commit()
    first.commit()
    assert PrefixReservation.objects.filter(prefix__startswith="race/").count() == 2
