"""Migrations of apps hold neither a tenant nor a secret, and the schema of every tenant holds what they insert."""

from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import connection
from django.db.migrations.writer import MigrationWriter
from django.db.models import FileField
from wagtail.models import Collection, Locale, Page, Site

from tenants.binding import bind_tenant
from tenants.models import SchemaRecording, Tenant
from tenants.provisioning import create_tenant
from tests.untouched.conftest import another_connection
from tests.untouched.plain.models import Contract

MIGRATIONS = Path(__file__).parent / "plain" / "migrations"


def secrets() -> list[str]:
    return [settings.BUCKET_ACCESS_KEY, settings.BUCKET_SECRET_KEY, settings.BUCKET_NAME]


def test_there_is_nothing_to_migrate_in_any_app(acme):
    said = StringIO()
    with bind_tenant(acme):
        call_command("makemigrations", check=True, dry_run=True, stdout=said)
    assert "No changes detected" in said.getvalue()


def test_a_new_migration_would_name_no_tenant_and_no_secret(acme, tmp_path, monkeypatch):
    """As for a developer who adds their first migration while a tenant is bound."""
    monkeypatch.setitem(settings.MIGRATION_MODULES, "plain", None) if False else None
    said = StringIO()
    with bind_tenant(acme):
        for field in file_fields():
            said.write(MigrationWriter.serialize(field)[0])
    written = said.getvalue() + "".join(path.read_text() for path in MIGRATIONS.glob("0*.py"))
    assert "private_storage" in written
    words = [*secrets(), "acme", "globex", acme.schema_name, str(acme.id), settings.LOCATION_PREFIX]
    assert [word for word in words if word and word in written] == []


def file_fields() -> list[FileField]:
    return [
        field
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, FileField)
    ]


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
            assert [page.title for page in Page.objects.order_by("path")][0] == "Root"
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


def rows_of(schema: str) -> dict[str, int]:
    """Return how many rows each table of a schema has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])
        tables = [name for (name,) in cursor.fetchall()]
        counts = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{schema}"."{table}"')  # noqa: S608 - names from the database
            counts[table] = cursor.fetchone()[0]
    return counts
