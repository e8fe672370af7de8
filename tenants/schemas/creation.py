"""A tenant's schema: recorded once from a real migrate of a scratch schema, replayed for every tenant.

`migrate` for one tenant costs a third of a second, with Wagtail half a minute, most of it in Python. What it sends to
the database is always the same, so it is recorded once per version of the code and replayed in one batch. The rows
that migrations insert come along as they were in the end: the same for every tenant.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from sys import modules
from typing import Any
from uuid import UUID

import django
from django.conf import settings
from django.core.management.sql import emit_post_migrate_signal
from django.db import transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from tenants.binding import connection
from tenants.models import SchemaRecording, Tenant, make_schema_name
from tenants.schema_versions import (
    Node,
    compute_version,
    get_oldest_code,
    get_schema_version,
    list_tenant_app_labels,
    load_migrations,
)
from tenants.schemas.recorded_rows import count_shared_writes, dump_rows


class SchemaIsNamed(RuntimeError):
    """A migration names its schema, so it cannot be replayed in another. Leave the schema out."""


@cache
def compute_fingerprint() -> str:
    """Return a digest of all that decides what a migrate sends: migrations, their text, Django's version."""
    digest = hashlib.sha256(f"{django.VERSION} {settings.TENANT_APPS}".encode())
    for key, migration in sorted(load_migrations().disk_migrations.items()):
        source = Path(modules[type(migration).__module__].__file__ or "").read_bytes()
        digest.update(repr(key).encode() + hashlib.sha256(source).digest())
    return digest.hexdigest()


def list_applied_migrations(schema_name: str) -> list[Node]:
    """Return the migrations of tenant apps that a schema really has, in the order they were applied. One query."""
    with connection.cursor() as cursor:
        noted = f'SELECT app, name FROM "{schema_name}".django_migrations WHERE app = ANY(%s) ORDER BY id'  # noqa: S608 - generated
        cursor.execute(noted, [list_tenant_app_labels()])
        return list(cursor.fetchall())


def read_applied_version(schema_name: str) -> str:
    """Return the version that a schema really has, by its own record of migrations. One query."""
    return compute_version(list_applied_migrations(schema_name))


def save_schema_version(tenant: Tenant, version: str) -> None:
    """Write down which version the tenant's schema has, and which code serves it. At most one UPDATE.

    Which code serves a version that is not this code's own is not known here: only code of that version says so.
    """
    oldest = get_oldest_code() if version == get_schema_version() else ""
    if version == tenant.schema_version and (oldest or tenant.oldest_code) == tenant.oldest_code:
        return
    Tenant.objects.filter(pk=tenant.pk).update(schema_version=version, oldest_code=oldest)


def get_or_create_recording() -> SchemaRecording:
    """Return the recording of this code's schema; the first call of a version records it (about 0.5 s)."""
    known = SchemaRecording.objects.filter(fingerprint=compute_fingerprint()).first()
    if known:
        return known
    statements, migrations = record_migrations()
    # Two that record at once have recorded the same.
    recording, _ = SchemaRecording.objects.get_or_create(
        fingerprint=compute_fingerprint(),
        defaults={
            "schema_version": get_schema_version(),
            "statements": statements,
            "migrations": migrations,
        },
    )
    return recording


def record_migrations(since: Sequence[Node] = ()) -> tuple[str, list[list[str]]]:
    """Return what a migrate of a scratch schema sends, and all migrations that it has applied in the end.

    `since` are migrations that the schema has before: only what comes after them is recorded. Raises SchemaIsNamed.
    All inside a transaction that is rolled back: nothing is left behind, also by a kill.
    """
    scratch = make_schema_name()
    previous = connection.tenant
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE SCHEMA "{scratch}"')
            connection.set_schema(scratch)
            statements = _record_step(since) if since else _record_whole_schema(scratch)
            applied = MigrationRecorder(connection).applied_migrations()
            transaction.set_rollback(True)
    finally:
        connection.set_tenant(previous)
    text = join_statements(statements)
    if scratch in text:
        raise SchemaIsNamed
    return text, [[app, name] for app, name in sorted(applied)]


def join_statements(statements: Iterable[str]) -> str:
    """Return statements as one text, the last one to be ended like the others.

    >>> join_statements(["DROP TABLE a;", "DROP TABLE b -- it was empty"]).splitlines()
    ['DROP TABLE a', ';', 'DROP TABLE b -- it was empty']
    """
    # On a line of its own: a statement that somebody wrote may end in a comment.
    return ";\n".join(f"{statement.rstrip().rstrip(';')}\n" for statement in statements)


def apply_deferred_constraints(
    action: str, migration: Any = None, *_more: Any, **_named: Any
) -> None:
    """Do at the end of a migration what its COMMIT would: PostgreSQL alters no table with pending trigger events."""
    if action == "apply_success" and migration.app_label in list_tenant_app_labels():
        with connection.schema_editor(atomic=False) as editor:
            editor.execute("SET CONSTRAINTS ALL IMMEDIATE", None)
            editor.execute("SET CONSTRAINTS ALL DEFERRED", None)


def _record_step(since: Sequence[Node]) -> list[str]:
    """Return what a migrate sends after these migrations, in the schema in which the connection stands."""
    MigrationExecutor(connection, apply_deferred_constraints).migrate(list(since))
    with _capture_statements() as statements:
        _migrate()
    return statements


def _record_whole_schema(schema_name: str) -> list[str]:
    """Return what a migrate of the new schema in which the connection stands sends, and the rows that it leaves."""
    before = count_shared_writes()
    with _capture_statements() as statements:
        _migrate()
        emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
    refuse_shared_writes(count_shared_writes() - before)
    return [*statements, *dump_rows(schema_name)]


def _migrate() -> None:
    executor = MigrationExecutor(connection, apply_deferred_constraints)
    executor.migrate(executor.loader.graph.leaf_nodes())


def refuse_shared_writes(written: set[tuple[str, int, int, int]]) -> None:
    """Raise RuntimeError when a tenant's migrations wrote into shared tables: those rows are not replayed."""
    if written:
        tables = ", ".join(sorted(table for table, *_ in written))
        raise RuntimeError(
            f"Tenants' migrations write into shared tables ({tables}). Run `manage.py migrate` first; "
            "if it stays so, the migration belongs into a shared app."
        )


@contextmanager
def _capture_statements() -> Iterator[list[str]]:
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


def format_migration_rows(migrations: Iterable[Sequence[str]]) -> str:
    """Return migrations as the rows of an INSERT into django_migrations."""
    return ", ".join(f"('{app}', '{name}', now())" for app, name in migrations)


def create_schema(schema_name: str, tenant_id: UUID, recording: SchemaRecording) -> None:
    """Make a tenant's schema with its stamp, in one batch. Call it inside the transaction of the tenant's rows."""
    # Rows come last: PostgreSQL refuses to alter a table with pending trigger events.
    batch = f"""
        CREATE SCHEMA "{schema_name}";
        SET LOCAL search_path = "{schema_name}", public;
        {recording.statements};
        INSERT INTO django_migrations (app, name, applied) VALUES {format_migration_rows(recording.migrations)};
        INSERT INTO stamp_stamp (only_row, tenant_id) VALUES (true, '{tenant_id}');
        SET LOCAL search_path = public
    """  # noqa: S608 - the schema's name is generated, the id a UUID, the rest our own migrations
    with connection.cursor() as cursor:
        cursor.execute(batch)
