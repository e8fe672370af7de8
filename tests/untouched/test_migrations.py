"""Migrations of apps hold neither a tenant nor a secret, and the schema of every tenant holds what they insert."""

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import connection
from wagtail.models import Collection, Locale, Page, Site

from tenants.binding import bind_tenant
from tenants.models import make_schema_name
from tenants.provisioning import create_tenant
from tests.untouched.plain.models import Contract

MIGRATIONS = Path(__file__).parent / "plain" / "migrations"


def secrets() -> list[str]:
    return [settings.BUCKET_ACCESS_KEY, settings.BUCKET_SECRET_KEY, settings.BUCKET_NAME]


def test_there_is_nothing_to_migrate_in_any_app(acme):
    said = StringIO()
    with bind_tenant(acme):
        call_command("makemigrations", check=True, dry_run=True, stdout=said)
    assert "No changes detected" in said.getvalue()


def test_a_new_migration_names_no_tenant_and_no_secret(acme, settings):
    """As for a developer who writes an app's first one while a tenant is bound."""
    settings.MIGRATION_MODULES = {"plain": "tests.untouched.plain.none_yet"}
    said = StringIO()
    with bind_tenant(acme):
        call_command("makemigrations", "plain", dry_run=True, verbosity=3, stdout=said)
    written = said.getvalue() + "".join(path.read_text() for path in MIGRATIONS.glob("0*.py"))
    assert written.count("storage=tests.untouched.plain.models.private_storage") == 4
    words = [*secrets(), "acme", "globex", acme.schema_name, str(acme.id), settings.LOCATION_PREFIX]
    assert [word for word in words if word and word in written] == []


def test_a_storage_says_of_itself_nothing_but_its_class(acme, globex):
    for alias in ("default", "private"):
        said = set()
        for tenant in (acme, globex):
            with bind_tenant(tenant):
                said.add(str(storages[alias].deconstruct()))
        (only,) = said
        assert only.endswith("AppStorage', (), {})")


# --- what migrations insert


def test_every_tenant_has_the_first_rows_of_wagtail(acme, globex):
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            assert Page.objects.get(depth=1).title == "Root"
            assert (Site.objects.count(), Locale.objects.count()) == (1, 1)
            assert Collection.objects.get().name == "Root"
            assert set(Group.objects.values_list("name", flat=True)) == {"Editors", "Moderators"}


def test_every_tenant_has_the_permissions_of_its_apps(acme, globex):
    found = []
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            assert Permission.objects.filter(codename="add_contract").exists()
            found.append(set(Permission.objects.values_list("pk", "content_type", "codename")))
    assert found[0] == found[1]


def test_content_types_have_one_number_for_all_tenants(acme, globex):
    """Django remembers them for the whole process."""
    numbers = set()
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            ContentType.objects.clear_cache()
            numbers.add(ContentType.objects.get_for_model(Contract).pk)
    assert len(numbers) == 1


def test_new_rows_do_not_collide_with_those_that_were_copied(acme):
    with bind_tenant(acme):
        root = Page.objects.get(depth=1)
        root.add_child(instance=Page(title="A page", slug="a-page"))
        assert Group.objects.create(name="Others").pk > 2
        assert Collection.get_first_root_node().add_child(name="Board").pk > 1


# --- the same as by migrate

PARTS = {
    "columns": "SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity "
    "FROM information_schema.columns WHERE table_schema = %s",
    "constraints": "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = %s::regnamespace",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = %s",
    "sequences": "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = %s "
    "AND sequencename NOT LIKE 'django_migrations%%'",
}


def facts_of(schema: str) -> dict[str, list[str]]:
    """Return what a schema is made of and how many rows each table has, without the schema's name."""
    facts = {}
    with connection.cursor() as cursor:
        for part, query in PARTS.items():
            cursor.execute(query, [schema])
            facts[part] = sorted(str(row).replace(schema, "") for row in cursor.fetchall())
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{schema}"."{table}"')  # noqa: S608 - names from the database
            facts.setdefault("rows", []).append(f"{table}: {cursor.fetchone()[0]}")
    facts["rows"].sort()
    return facts


@pytest.mark.slow
def test_a_replayed_schema_is_what_a_migrate_makes(committed):
    migrated = make_schema_name()
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{migrated}"')
    call_command("migrate_schemas", schema_name=migrated, interactive=False, verbosity=0)
    replayed = create_tenant(name="Umbrella", location_prefix="umbrella/", domain="u.example")
    made, expected = facts_of(replayed.schema_name), facts_of(migrated)
    expected["rows"] = [
        "stamp_stamp: 1" if row.startswith("stamp_stamp") else row for row in expected["rows"]
    ]
    for part, found in made.items():
        assert found == expected[part], part
