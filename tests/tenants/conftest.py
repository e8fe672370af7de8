"""Looks at what is bound, and connections and threads of one's own: for races, commits, other processes."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any, NoReturn, TypeVar

import psycopg
import pytest

from tenants.binding import connection, get_binding
from tenants.errors import NoTenantBound
from tenants.models import Tenant
from tenants.provisioning import create_tenant
from tenants.stamp.models import Stamp
from tests.conftest import World

Connection = psycopg.Connection[Any]
Connect = Callable[[], Connection]
Found = TypeVar("Found")


def sql(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement on Django's connection; return the rows it brings."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []


def schema_in_use() -> str:
    """Return the schema that the database itself would look in, not the one that Django believes."""
    return str(sql("SELECT current_schema()")[0][0])


def whose_rows() -> list[str]:
    """Return whose rows a query finds: the name of the tenant in the stamp of the schema in use."""
    names = dict(Tenant.objects.values_list("id", "name"))
    return [names[tenant_id] for tenant_id in Stamp.objects.values_list("tenant_id", flat=True)]


def schemas() -> set[str]:
    """Return the names of all schemas that are in the database."""
    return {name for (name,) in sql("SELECT nspname FROM pg_namespace")}


def nothing_is_bound() -> bool:
    """Return whether neither context nor connection, nor the database, is at anybody's."""
    try:
        get_binding()
    except NoTenantBound:
        return {connection.schema_name, schema_in_use()} == {"public"}
    return False


def ask_and_fail() -> NoReturn:
    """Ask the database for something, then raise ZeroDivisionError."""
    schema_in_use()
    raise ZeroDivisionError


def in_a_thread(work: Callable[[], Found]) -> Found:
    """Return what `work` returns in a new thread, whose connection is its own."""

    def done() -> Found:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(done).result()


def connected() -> Connection:
    """Return a connection as another process has it: to the same database, in a transaction of its own."""
    given = connection.get_connection_params()
    names = {"dbname", "user", "password", "host", "port"}
    return psycopg.connect(**{name: given[name] for name in names & given.keys()})


def create_umbrella(**given: Any) -> Tenant:
    """Make a third tenant, with what is given instead of what it would have."""
    umbrella = {"name": "Umbrella", "location_prefix": "umbrella/", "domain": "umbrella.example"}
    return create_tenant(**umbrella | given)


@pytest.fixture
def connect(db: None) -> Iterator[Connect]:
    """Open connections beside Django's. What is not committed on them is rolled back at the end."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(connected()))


@pytest.fixture
def leaves_nothing(world: World, connect: Connect) -> Iterator[None]:
    """Remove the tenants that a test commits, which the database itself would refuse."""
    cleaner = connect()
    known = cleaner.execute("SELECT array_agg(id) FROM tenants_tenant").fetchone()
    cleaner.commit()
    yield
    cleaner.execute("SET session_replication_role = replica")
    cleaner.execute("DELETE FROM tenants_domain WHERE tenant_id <> ALL (%s)", known)
    cleaner.execute("DELETE FROM tenants_prefixreservation WHERE tenant_id <> ALL (%s)", known)
    schemas = cleaner.execute(
        "DELETE FROM tenants_tenant WHERE id <> ALL (%s) RETURNING schema_name", known
    ).fetchall()
    for (schema,) in schemas:
        cleaner.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
    cleaner.commit()
