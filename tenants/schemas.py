"""A tenant's schema: recorded once from a real migrate of a scratch schema, replayed for every tenant.

`migrate` for one tenant costs a third of a second, with Wagtail half a minute, most of it in Python. What it sends to
the database is always the same, so it is recorded once per version of the code and replayed in one batch. The rows
that migrations insert come along as they were in the end: the same for every tenant.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from sys import modules
from typing import Any
from uuid import UUID

import django
from django.apps import apps
from django.conf import settings
from django.core.management.sql import emit_post_migrate_signal
from django.db import transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from tenants.binding import connection
from tenants.models import SchemaRecording, Tenant, new_schema_name
from tenants.recorded_rows import inserted_rows, shared_writes


@cache
def _loader() -> MigrationLoader:
    return MigrationLoader(None)


def tenant_app_labels() -> list[str]:
    """Return the labels of the apps whose tables stand in every tenant's schema."""
    return sorted(
        config.label for config in apps.get_app_configs() if config.name in settings.TENANT_APPS
    )


@cache
def schema_version() -> str:
    """Return the version of a tenant's schema in this code: the last migration of each tenant app."""
    leaves = [
        ".".join(node)
        for label in tenant_app_labels()
        for node in _loader().graph.leaf_nodes(label)
    ]
    return " ".join(leaves)


@cache
def fingerprint() -> str:
    """Return a digest of all that decides what a migrate sends: migrations, their text, Django's version."""
    digest = hashlib.sha256(f"{django.VERSION} {settings.TENANT_APPS}".encode())
    for key, migration in sorted(_loader().disk_migrations.items()):
        source = Path(modules[type(migration).__module__].__file__ or "").read_bytes()
        digest.update(repr(key).encode() + hashlib.sha256(source).digest())
    return digest.hexdigest()


def applied_version(schema_name: str) -> str:
    """Return the version that a schema really has, by its own record of migrations. One query."""
    labels = tenant_app_labels()
    with connection.cursor() as cursor:
        noted = f'SELECT app, name FROM "{schema_name}".django_migrations WHERE app = ANY(%s)'  # noqa: S608 - generated
        cursor.execute(noted, [labels])
        applied = set(cursor.fetchall())
    return " ".join(".".join(node) for node in sorted(applied) if _is_last(node, applied))


def _is_last(node: tuple[str, str], applied: set[tuple[str, str]]) -> bool:
    """Return whether none of the app's own migrations after this one is applied."""
    known = _loader().graph.node_map.get(node)
    after = {child.key for child in known.children if child.key[0] == node[0]} if known else set()
    return not after & applied


def note_versions() -> None:
    """Write down which version each tenant's schema has. One query and at most one UPDATE per tenant."""
    for tenant in Tenant.objects.all():
        version = applied_version(tenant.schema_name)
        if version != tenant.schema_version:
            Tenant.objects.filter(pk=tenant.pk).update(schema_version=version)


def current_recording() -> SchemaRecording:
    """Return the recording of this code's schema; the first call of a version records it (about 0.5 s)."""
    known = SchemaRecording.objects.filter(fingerprint=fingerprint()).first()
    if known:
        return known
    statements, migrations = _record()
    # Two that record at once have recorded the same.
    recording, _ = SchemaRecording.objects.get_or_create(
        fingerprint=fingerprint(),
        defaults={
            "schema_version": schema_version(),
            "statements": statements,
            "migrations": migrations,
        },
    )
    return recording


def _record() -> tuple[str, list[list[str]]]:
    """Return what a migrate of a scratch schema sends, and the migrations it notes as applied.

    All inside a transaction that is rolled back: nothing is left behind, also by a kill.
    """
    scratch = new_schema_name()
    previous = connection.tenant
    try:
        with transaction.atomic(), _recorded() as statements:
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE SCHEMA "{scratch}"')
            connection.set_schema(scratch)
            before = shared_writes()
            _migrate()
            refuse_shared_writes(shared_writes() - before)
            statements.extend(inserted_rows(scratch))
            applied = MigrationRecorder(connection).applied_migrations()
            transaction.set_rollback(True)
    finally:
        connection.set_tenant(previous)
    text = ";\n".join(statement.rstrip().rstrip(";") for statement in statements)
    if scratch in text:
        raise RuntimeError(
            "A migration names its schema, so it cannot be replayed in another. Leave the schema out."
        )
    return text, sorted([app, name] for app, name in applied)


def _migrate() -> None:
    """Migrate the schema in which the connection stands, and let apps add their rows, as `migrate` does."""
    executor = MigrationExecutor(connection, progress_callback=_settle)
    executor.migrate(executor.loader.graph.leaf_nodes())
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)


def _settle(step: str, *_: Any) -> None:
    """Check foreign keys between two migrations, as the end of their transactions would."""
    if step == "apply_success":
        with connection.cursor() as cursor:
            # PostgreSQL alters no table that has rows which are still to be checked.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def refuse_shared_writes(written: set[tuple[str, int, int, int]]) -> None:
    """Raise RuntimeError when a tenant's migrations wrote into shared tables: those rows are not replayed."""
    if written:
        tables = ", ".join(sorted(table for table, *_ in written))
        raise RuntimeError(
            f"Tenants' migrations write into shared tables ({tables}). Run `manage.py migrate` first; "
            "if it stays so, the migration belongs into a shared app."
        )


@contextmanager
def _recorded() -> Iterator[list[str]]:
    """Collect every statement that schema editors of this connection send, as it was sent."""
    statements: list[str] = []
    editor: Any = connection.SchemaEditorClass

    class RecordingSchemaEditor(editor):  # type: ignore[misc]  # the class is known at run time only
        def execute(self, sql: Any, params: Any = ()) -> None:
            statements.append(
                str(sql) if params is None else connection.ops.compose_sql(str(sql), params)
            )
            super().execute(sql, params)

    connection.SchemaEditorClass = RecordingSchemaEditor
    try:
        yield statements
    finally:
        del connection.SchemaEditorClass


def create_schema(schema_name: str, tenant_id: UUID, recording: SchemaRecording) -> None:
    """Make a tenant's schema with its stamp, in one batch. Call it inside the transaction of the tenant's rows."""
    noted = ", ".join(f"('{app}', '{name}', now())" for app, name in recording.migrations)
    # Rows come last: PostgreSQL refuses to alter a table with pending trigger events.
    batch = f"""
        CREATE SCHEMA "{schema_name}";
        SET LOCAL search_path = "{schema_name}", public;
        {recording.statements};
        INSERT INTO django_migrations (app, name, applied) VALUES {noted};
        INSERT INTO stamp_stamp (only_row, tenant_id) VALUES (true, '{tenant_id}');
        SET LOCAL search_path = public
    """  # noqa: S608 - the schema's name is generated, the id a UUID, the rest our own migrations
    with connection.cursor() as cursor:
        cursor.execute(batch)
