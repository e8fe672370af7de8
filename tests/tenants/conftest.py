"""Connections of one's own, for what only shows between two of them: races, commits, other processes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import psycopg
import pytest
from django.db import connection

Connection = psycopg.Connection[Any]
Connect = Callable[[], Connection]


def connected() -> Connection:
    """Return a connection as another process has it: to the same database, in a transaction of its own."""
    given = connection.get_connection_params()
    names = {"dbname", "user", "password", "host", "port"}
    return psycopg.connect(**{name: given[name] for name in names & given.keys()})


@pytest.fixture
def connect(db: None) -> Iterator[Connect]:
    """Open connections beside Django's. What is not committed on them is rolled back at the end."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(connected()))


@pytest.fixture
def leaves_nothing(connect: Connect) -> Iterator[None]:
    """Remove the tenants that a test commits, which the database itself would refuse."""
    cleaner = connect()
    known = cleaner.execute("SELECT array_agg(id) FROM tenants_tenant").fetchone()
    cleaner.commit()
    yield
    new = "tenant_id <> ALL (%s)"
    cleaner.execute("SET session_replication_role = replica")
    for table in ("tenants_domain", "tenants_prefixreservation"):
        cleaner.execute(f"DELETE FROM {table} WHERE {new}", known)
    schemas = cleaner.execute(
        "DELETE FROM tenants_tenant WHERE id <> ALL (%s) RETURNING schema_name", known
    ).fetchall()
    for (schema,) in schemas:
        cleaner.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
    cleaner.commit()
