"""manage.py migrate_tenants: those that are behind, each as a whole or not at all, whatever happens to the others."""

import pytest
from django.core.management import CommandError, call_command

from tests.tenants.upgrades.conftest import NAMES, Deployment, ended, wait_for

OLD, NEW = "0001_initial", "0002_colour"
everybody = dict.fromkeys


def definition(deployment: Deployment, name: str) -> list[tuple[object, ...]]:
    """Return all columns, indexes, constraints and applied migrations of a tenant's schema, without its name."""
    schema = deployment.schema(name)
    queries = (
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"  # noqa: ISC004, S608 - two lines of one query
        f" WHERE table_schema = '{schema}'",
        f"SELECT replace(indexdef, '{schema}', '') FROM pg_indexes WHERE schemaname = '{schema}'",  # noqa: S608 - a generated name
        f"SELECT conname, replace(pg_get_constraintdef(oid), '{schema}', '') FROM pg_constraint"  # noqa: ISC004, S608 - two lines of one query
        f" WHERE connamespace = '{schema}'::regnamespace",
        f"SELECT app, name FROM {schema}.django_migrations",  # noqa: S608 - a generated name
    )
    return [row for query in queries for row in sorted(deployment.sql(query), key=str)]


def test_every_tenant_is_brought_to_what_a_migrate_of_its_own_makes(deployment):
    by_itself = ("manage.py", "migrate_schemas", "--schema", deployment.schema("acme"))
    assert deployment.run(*by_itself, newer="adds").code == 0
    assert deployment.noted() == everybody(NAMES, OLD) | {"acme": NEW}
    ran = deployment.migrate()
    assert (ran.code, ran.complained) == (0, "")
    assert "Migrated 3 of 3 tenant(s) in" in ran.said
    assert "3 by a recording." in ran.said
    assert deployment.noted() == everybody(NAMES, NEW)
    made = [definition(deployment, name) for name in NAMES]
    assert made == [made[0]] * len(NAMES)
    assert deployment.sql(f"SELECT colour FROM {deployment.schema('globex')}.stamp_stamp") == [  # noqa: S608 - a generated name
        ("grey",)
    ]
    assert "Every tenant is at" in deployment.migrate().said


def test_a_dry_run_says_by_version_what_would_be_done_and_does_nothing(deployment):
    deployment.sql("UPDATE tenants_tenant SET schema_version = '' WHERE location_prefix = 'acme/'")
    before = deployment.noted()
    ran = deployment.migrate("--dry-run", newer="runs_python")
    assert ran.said.splitlines()[0] == (
        "1 tenant(s) at no noted version: their schemas are looked at one by one"
    )
    assert "3 tenant(s) at media_core." in ran.said
    assert (
        "stamp.0002_colour, stamp.0003_from_python, each by itself: stamp.0003_from_python runs Python"
        in ran.said
    )
    assert "Would migrate 4 tenant(s) to media_core." in ran.said
    assert deployment.noted() == before
    assert not any(map(deployment.has_colour, NAMES))


def test_one_that_fails_stays_as_it_was_and_stops_no_other(deployment):
    deployment.sql(f"ALTER TABLE {deployment.schema('globex')}.stamp_stamp ADD COLUMN colour int")
    before = definition(deployment, "globex")
    ran = deployment.migrate()
    assert ran.code == 1
    assert "Migrated 3 of 4 tenant(s)" in ran.said
    assert (
        'Globex (globex/): column "colour" of relation "stamp_stamp" already exists'
        in ran.complained
    )
    assert "1 tenant(s) failed, see above" in ran.complained
    assert deployment.noted() == everybody(NAMES, NEW) | {"globex": OLD}
    assert definition(deployment, "globex") == before
    deployment.sql(f"ALTER TABLE {deployment.schema('globex')}.stamp_stamp DROP COLUMN colour")
    again = deployment.migrate()
    assert (again.code, "Migrated 1 of 1" in again.said) == (0, True)


def test_only_the_tenant_that_is_meant(deployment):
    assert "Migrated 1 of 1" in deployment.migrate("--tenant", "globex.example").said
    assert deployment.noted() == everybody(NAMES, OLD) | {"globex": NEW}


def test_python_in_a_migration_is_run_for_each_tenant(deployment):
    ran = deployment.migrate(newer="runs_python")
    assert "each by a migrate of its own: stamp.0003_from_python runs Python" in ran.said
    assert "4 by a migrate of its own." in ran.said
    assert deployment.noted() == everybody(NAMES, "0003_from_python")
    for name in NAMES:
        ((tenant_id, colour),) = deployment.sql(
            f"SELECT tenant_id, colour FROM {deployment.schema(name)}.stamp_stamp"  # noqa: S608 - a generated name
        )
        assert colour == tenant_id.hex[:6]


# --- what is noted is not so


def test_a_note_that_is_wrong_is_mended_by_what_the_schema_says(deployment):
    assert deployment.migrate("--tenant", "acme/").code == 0
    deployment.sql(
        "UPDATE tenants_tenant SET schema_version = 'what was that' WHERE location_prefix = 'globex/'"
    )
    old = deployment.sql(
        "SELECT schema_version FROM tenants_tenant WHERE location_prefix = 'hooli/'"
    )[0][0]
    deployment.sql(
        "UPDATE tenants_tenant SET schema_version = %s WHERE location_prefix = 'acme/'", old
    )
    before = definition(deployment, "acme")
    ran = deployment.migrate()
    assert ran.code == 0
    assert "Migrated 3 of 4" in ran.said
    assert "1 was current, the note was not" in ran.said
    assert definition(deployment, "acme") == before
    assert deployment.noted() == everybody(NAMES, NEW)
    assert all(map(deployment.has_colour, NAMES))


def test_a_note_of_the_newest_version_is_mended_for_the_tenant_that_is_named(deployment):
    assert deployment.migrate("--tenant", "acme/").code == 0
    deployment.sql(
        "UPDATE tenants_tenant SET schema_version ="
        " (SELECT schema_version FROM tenants_tenant WHERE location_prefix = 'acme/')"
    )
    assert "Every tenant is at" in deployment.migrate().said
    assert "Migrated 1 of 1" in deployment.migrate("--tenant", "globex/").said
    assert (deployment.has_colour("globex"), deployment.has_colour("hooli")) == (True, False)


def test_a_schema_with_another_history_is_not_replayed_over(deployment):
    rows = f"{deployment.schema('acme')}.django_migrations"
    deployment.sql(f"DELETE FROM {rows} WHERE app = 'media_core' AND name = '0001_initial'")  # noqa: S608 - a generated name
    ran = deployment.migrate()
    assert ran.code == 1
    assert "Acme (acme/): relation" in ran.complained
    assert "already exists" in ran.complained
    assert (deployment.noted()["acme"], deployment.has_colour("acme")) == (OLD, False)


def test_a_schema_that_is_gone_is_named(deployment):
    schema = deployment.schema("acme")
    deployment.sql(f"DROP SCHEMA {schema} CASCADE")
    ran = deployment.migrate()
    assert (ran.code, "does not exist" in ran.complained) == (1, True), ran
    assert deployment.noted() == everybody(NAMES, NEW) | {"acme": OLD}


def test_what_newer_code_has_migrated_older_code_leaves_alone(deployment):
    assert deployment.migrate(newer="runs_python").code == 0
    before = deployment.sql("SELECT schema_version, oldest_code FROM tenants_tenant ORDER BY id")
    ran = deployment.migrate(newer="adds")
    assert (ran.code, "4 is ahead of this code" in ran.said) == (0, True), ran
    assert (
        deployment.sql("SELECT schema_version, oldest_code FROM tenants_tenant ORDER BY id")
        == before
    )


# --- at once, killed, half way


def test_two_at_once_do_each_tenant_once(deployment):
    both = [
        ended(run)
        for run in [deployment.start("manage.py", "migrate_tenants", newer="is_slow") for _ in "12"]
    ]
    assert [(run.code, run.complained) for run in both] == [(0, "")] * 2
    assert sum(run.said.count("Migrated 4 of 4") for run in both) <= 1
    assert deployment.noted() == everybody(NAMES, "0002_slow")
    assert [deployment.applied(name) for name in NAMES] == [[OLD, "0002_slow"]] * len(NAMES)


def test_one_that_is_killed_leaves_each_tenant_whole_and_the_next_goes_on(deployment):
    with deployment.lock_table(f"{deployment.schema('hooli')}.stamp_stamp"):
        running = deployment.start("manage.py", "migrate_tenants", "--parallel", "1", newer="adds")
        wait_for(deployment.has_lock_waiter)
        running.kill()
        ended(running)
    wait_for(lambda: not deployment.has_clients())
    noted = deployment.noted()
    assert sorted(set(noted.values())) == [OLD, NEW]
    for name, version in noted.items():
        assert (deployment.has_colour(name), deployment.applied(name)[-1] == version) == (
            version != OLD,
            True,
        )
    again = deployment.migrate()
    assert (again.code, deployment.noted()) == (0, everybody(NAMES, NEW))


def test_what_ends_its_own_transactions_and_fails_half_way_is_noted_as_it_is(deployment):
    deployment.sql(f"CREATE TABLE {deployment.schema('globex')}.in_the_way ()")
    ran = deployment.migrate(newer="half_way")
    assert ran.code == 1
    assert "each by a migrate of its own: stamp.0002_apart is not atomic" in ran.said
    assert 'Globex (globex/): relation "in_the_way" already exists' in ran.complained
    assert deployment.noted() == everybody(NAMES, "0003_strict") | {"globex": "0002_apart"}, ran
    deployment.sql(f"DROP TABLE {deployment.schema('globex')}.in_the_way")
    assert deployment.migrate(newer="half_way").code == 0
    assert deployment.applied("globex") == [OLD, "0002_apart", "0003_strict"]


def test_with_a_pool_of_one_connection_too(deployment, monkeypatch):
    monkeypatch.setenv("DATABASE_POOL_SIZE", "1")
    ran = deployment.migrate("--parallel", "4")
    assert (ran.code, ran.complained) == (0, "")
    assert deployment.noted() == everybody(NAMES, NEW)


@pytest.mark.parametrize("number", ["0", "65", "x", "-1"])
def test_so_many_at_once_are_refused(number):
    with pytest.raises(CommandError, match="give 1 to 64"):
        call_command("migrate_tenants", f"--parallel={number}")
