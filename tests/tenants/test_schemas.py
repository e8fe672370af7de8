"""A tenant's schema is replayed from a recording, and is what a real migrate would have made."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import OperationalError
from django.test.utils import CaptureQueriesContext

from gateway.demo.postgres.binaries import find_binaries
from gateway.demo.postgres.errors import NoPostgres
from tenants.binding import bind_agency, bind_tenant, connection
from tenants.errors import HostTaken
from tenants.models import Domain, PrefixReservation, SchemaRecording, Tenant, make_schema_name
from tenants.provisioning import create_tenant
from tenants.schema_versions import get_schema_version, list_tenant_app_labels
from tenants.schemas.creation import compute_fingerprint, get_or_create_recording
from tenants.stamp.models import Stamp
from tests.tenants.conftest import Connect, create_umbrella, schema_in_use, schemas, sql

pytestmark = pytest.mark.django_db


# --- the same as by migrate


@pytest.fixture(scope="module")
def migrated(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A schema that a real migrate has made, committed so that pg_dump sees it."""
    name = make_schema_name()
    with django_db_blocker.unblock():
        connection.set_schema_to_public()
        sql(f'CREATE SCHEMA "{name}"')
        call_command("migrate_schemas", schema_name=name, interactive=False, verbosity=0)
        yield name
        sql(f'DROP SCHEMA "{name}" CASCADE')


def pg_dump() -> Path:
    """Return a pg_dump that is new enough for the server that is asked."""
    found = [shutil.which("pg_dump")]
    with suppress(NoPostgres):
        found.append(str(find_binaries().folder / "pg_dump"))
    for program in filter(None, found):
        if Path(program).is_file() and major_of(program) >= connection.pg_version // 10000:
            return Path(program)
    pytest.skip(f"There is no pg_dump for PostgreSQL {connection.pg_version // 10000}.")


def major_of(program: str) -> int:
    said = subprocess.run(  # noqa: S603 - pg_dump
        [program, "--version"], capture_output=True, text=True, check=True
    ).stdout
    return int(re.findall(r"\d+", said)[0])


def dumped(schema: str) -> str:
    """Return the definition of everything in a schema, without the schema's name."""
    given = connection.get_connection_params()
    where = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    around = {variable: str(given[name]) for name, variable in where.items() if name in given}
    command = [str(pg_dump()), "--schema-only", f"--schema={schema}"]
    text = subprocess.run(  # noqa: S603 - pg_dump
        command, env=around, capture_output=True, text=True, check=True
    ).stdout
    # A dump is closed off with a word of its own that is new each time.
    return re.sub(r"(?m)^\\(un)?restrict .*$", "", text).replace(schema, "a_schema")


def test_a_replayed_schema_is_what_a_migrate_makes(acme, globex, migrated):
    by_migrate = dumped(migrated)
    assert by_migrate.count("CREATE TABLE") >= len(tenant_tables(migrated))
    assert dumped(acme.schema_name) == dumped(globex.schema_name) == by_migrate


def tenant_tables(schema: str) -> list[str]:
    return sorted(
        name for (name,) in sql("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema)
    )


def test_a_replayed_schema_has_the_tables_of_the_tenant_apps_and_no_others(acme, migrated):
    configs = [apps.get_app_config(label) for label in list_tenant_app_labels()]
    models_there = [
        model for config in configs for model in config.get_models(include_auto_created=True)
    ]
    expected = sorted({"django_migrations", *(model._meta.db_table for model in models_there)})
    assert tenant_tables(acme.schema_name) == tenant_tables(migrated) == expected


def contents(schema: str, table: str) -> list[str]:
    columns = "app, name" if table == "django_migrations" else "*"
    found = sql(f'SELECT {columns} FROM "{schema}"."{table}"')  # noqa: S608 - names from the database
    return sorted(map(str, found))


def test_a_replayed_schema_holds_the_rows_of_a_migrate_and_its_stamp(acme, globex, migrated):
    for table in set(tenant_tables(migrated)) - {"stamp_stamp"}:
        assert contents(acme.schema_name, table) == contents(migrated, table), table
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            assert [stamp.tenant_id for stamp in Stamp.objects.all()] == [tenant.id]


def test_nothing_is_left_to_migrate_in_a_replayed_schema(acme):
    with CaptureQueriesContext(connection) as queries:
        call_command(
            "migrate_schemas", schema_name=acme.schema_name, interactive=False, verbosity=0
        )
    assert not [query for query in queries if re.match("CREATE|ALTER|INSERT", query["sql"])]


def test_a_new_tenant_knows_the_version_of_its_schema(acme):
    assert acme.schema_version == get_schema_version() == get_or_create_recording().schema_version
    assert "media_core.0" in get_schema_version()
    assert "stamp.0" in get_schema_version()


def test_no_tenant_app_is_shared(migrated):
    assert not set(tenant_tables(migrated)) & set(tenant_tables("public")) - {"django_migrations"}


# --- recorded once, without a trace


def failing_at(number: int) -> Callable[..., Any]:
    """Return a wrapper of the connection with which one of its statements fails."""
    numbers = count()

    def execute(run: Callable[..., Any], statement: str, *rest: Any) -> Any:
        if not statement.startswith("SET search_path") and next(numbers) == number:
            raise OperationalError
        return run(statement, *rest)

    return execute


def test_recording_leaves_nothing_behind_but_the_recording(acme):
    before = schemas()
    SchemaRecording.objects.all().delete()
    recording = get_or_create_recording()
    assert (schemas(), connection.schema_name) == (before, "public")
    assert not re.search("t_[0-9a-f]{16}", recording.statements)
    assert list(SchemaRecording.objects.all()) == [recording]


@pytest.mark.parametrize("number", [2, 5, 20, 40])
def test_a_recording_that_fails_midway_leaves_nothing_behind(number, acme):
    SchemaRecording.objects.all().delete()
    before = schemas()
    with bind_tenant(acme):
        with pytest.raises(OperationalError), connection.execute_wrapper(failing_at(number)):
            get_or_create_recording()
        assert Stamp.objects.get().tenant_id == acme.id
    assert (schemas(), SchemaRecording.objects.count()) == (before, 0)
    assert "Recording" not in connection.SchemaEditorClass.__name__


def test_a_recording_while_a_tenant_is_bound_records_the_same(acme):
    known = get_or_create_recording().statements
    SchemaRecording.objects.all().delete()
    with bind_tenant(acme):
        assert get_or_create_recording().statements == known
        assert Stamp.objects.get().tenant_id == acme.id


def test_a_second_tenant_records_nothing_again(acme):
    with CaptureQueriesContext(connection) as queries:
        create_tenant(name="Umbrella", location_prefix="umbrella/", domain="umbrella.example")
    batches = [query["sql"] for query in queries if "CREATE TABLE" in query["sql"]]
    assert (len(batches), len(queries) <= 15) == (1, True), len(queries)


@pytest.fixture
def _nothing_recorded(connect: Connect) -> Iterator[None]:
    """No recording in the database, for all connections; the one that was there comes back."""
    other = connect()
    other.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM tenants_schemarecording")
    other.execute("DELETE FROM tenants_schemarecording")
    other.commit()
    yield
    other.execute("DELETE FROM tenants_schemarecording")
    other.execute("INSERT INTO tenants_schemarecording SELECT * FROM kept")
    other.commit()


@pytest.mark.usefixtures("_nothing_recorded")
def test_two_that_record_at_once_record_the_same(acme):
    ready = Barrier(2)

    def recorded() -> str:
        try:
            ready.wait()
            return get_or_create_recording().statements
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        first, second = (threads.submit(recorded) for _ in range(2))
        assert first.result() == second.result() == SchemaRecording.objects.get().statements


def test_the_fingerprint_follows_the_tenant_apps(settings):
    known = compute_fingerprint()
    assert known == compute_fingerprint.__wrapped__()
    settings.TENANT_APPS = [*settings.TENANT_APPS, "one.more"]
    assert compute_fingerprint.__wrapped__() != known


# --- all or nothing


def everything() -> tuple[object, ...]:
    """Return what a creation may add to."""
    tables = [model.objects.count() for model in (Tenant, PrefixReservation, Domain)]
    return (*tables, schemas())


def is_created_though_one_fails(number: int) -> bool:
    try:
        with connection.execute_wrapper(failing_at(number)):
            create_umbrella()
    except OperationalError:
        return False
    return True


def test_whichever_statement_fails_nothing_of_the_tenant_is_left(acme):
    before, tries = everything(), count()
    while not is_created_though_one_fails(next(tries)):
        assert everything() == before
    assert everything() != before
    assert next(tries) > 6


def test_a_taken_domain_leaves_no_schema_and_no_row(acme):
    before = everything()
    with pytest.raises(HostTaken):
        create_umbrella(domain="ACME.example.")
    assert everything() == before


def test_a_tenant_can_be_made_while_another_is_bound(acme):
    with bind_tenant(acme):
        made = create_umbrella()
        assert Stamp.objects.get().tenant_id == acme.id
    with bind_tenant(made):
        assert Stamp.objects.get().tenant_id == made.id
    with bind_agency():
        assert schema_in_use() == "public"
