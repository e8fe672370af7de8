"""The migrations of tenant apps can be recorded and replayed: nothing in them reaches outside its schema."""

import re
from collections.abc import Iterable, Iterator

import pytest
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently, BtreeGistExtension
from django.db import models
from django.db.migrations import Migration, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from tenants.schema_versions import list_tenant_app_labels


def faults_of(migration: Migration) -> list[str]:
    """Return what in a tenant app's migration cannot be replayed."""
    faults = [] if migration.atomic else ["it is not atomic"]
    return faults + [
        fault for operation in flattened(migration.operations) for fault in faults_in(operation)
    ]


def flattened(operations: Iterable[Operation]) -> Iterator[Operation]:
    for operation in operations:
        yield operation
        yield from flattened(getattr(operation, "database_operations", []))


def faults_in(operation: Operation) -> Iterator[str]:
    if isinstance(operation, RunPython):
        yield "RunPython sends what was not recorded"
    if re.search(r"\b(EXTENSION|CONCURRENTLY|public)\b", sql_of(operation), re.IGNORECASE):
        yield "it reaches outside its schema or its transaction"


def sql_of(operation: Operation) -> str:
    return (
        f"{type(operation).__name__} {operation.sql}"
        if isinstance(operation, RunSQL)
        else spaced(operation)
    )


def spaced(operation: Operation) -> str:
    """Return the names of an operation's classes in words: BtreeGistExtension is 'Btree Gist Extension'."""
    names = " ".join(cls.__name__ for cls in type(operation).__mro__)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", names)


def migrations_of_tenant_apps() -> list[Migration]:
    known = MigrationLoader(None).disk_migrations
    return [
        migration
        for (label, _), migration in sorted(known.items())
        if label in list_tenant_app_labels()
    ]


@pytest.mark.parametrize("migration", migrations_of_tenant_apps(), ids=str)
def test_a_migration_of_a_tenant_app_can_be_replayed(migration):
    assert faults_of(migration) == []


INDEX = models.Index(fields=["name"], name="document_name")
UNFIT = {
    "Python": [RunPython(RunPython.noop)],
    "an extension": [BtreeGistExtension()],
    "an extension by SQL": [RunSQL("CREATE  extension btree_gist")],
    "an extension by SQL with values": [RunSQL([("SELECT 1", None), ("CREATE EXTENSION x", None)])],
    "outside a transaction": [AddIndexConcurrently("document", INDEX)],
    "outside a transaction by SQL": [RunSQL("CREATE INDEX CONCURRENTLY x ON document (name)")],
    "another schema": [RunSQL("ALTER TABLE public.tenants_tenant ADD x int")],
    "hidden": [SeparateDatabaseAndState(database_operations=[RunPython(RunPython.noop)])],
}


@pytest.mark.parametrize("operations", UNFIT.values(), ids=UNFIT)
def test_a_migration_that_cannot_be_replayed_would_be_found(operations):
    unfit = type("Unfit", (Migration,), {"operations": operations})
    assert faults_of(unfit("0099_unfit", "media_core"))


def test_a_migration_that_is_not_atomic_would_be_found():
    unfit = type("Unfit", (Migration,), {"atomic": False})
    assert faults_of(unfit("0099_unfit", "media_core"))


def test_every_tenant_app_has_migrations_to_look_at():
    looked_at = {migration.app_label for migration in migrations_of_tenant_apps()}
    assert looked_at == set(list_tenant_app_labels())
    assert len(looked_at) == len(settings.TENANT_APPS)
