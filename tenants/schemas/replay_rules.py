"""Which migrations can be replayed: recorded in one schema, sent to others as they are. Asks no database."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.migrations import Migration, RunPython, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED

from tenants.schema_versions import list_tenant_app_labels

# Their operations say all they do through the schema editor, where it is recorded.
RECORDABLE_OPERATIONS = ("django.db.migrations.operations.", "django.contrib.postgres.operations")
# These give the same for every tenant. Anything else a default calls could be a secret, a time or an id.
CONSTANT_DEFAULTS = (list, dict, tuple, str, int, bool)
# These write rows of their own after every migrate.
ROW_WRITING_APPS = {"contenttypes", "auth", "sites"}


def find_replay_problem(migrations: Iterable[Migration]) -> str:
    """Return why these must be run for each tenant by itself, or "" when a recording does the same.

    A recording holds what is sent through the schema editor, once: no rows that Python reads or writes, nothing
    outside a transaction, nothing that is computed anew for each tenant.
    """
    if writing := ROW_WRITING_APPS & set(list_tenant_app_labels()):
        return f"{sorted(writing)[0]} writes rows of its own"
    faults = (
        f"{m.app_label}.{m.name} {fault}"
        for m in migrations
        for fault in _list_migration_problems(m)
    )
    return next(faults, "")


def _list_migration_problems(migration: Migration) -> Iterator[str]:
    if not migration.atomic:
        yield "is not atomic"
    for operation in migration.operations:
        yield from _list_operation_problems(operation)


def _list_operation_problems(operation: Operation) -> Iterator[str]:
    if isinstance(operation, SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _list_operation_problems(inner)
    elif isinstance(operation, RunPython):
        if operation.code is not RunPython.noop:
            yield "runs Python"
    elif not type(operation).__module__.startswith(RECORDABLE_OPERATIONS):
        yield f"has an operation of its own, {type(operation).__name__}"
    elif _has_computed_default(getattr(operation, "field", None)):
        yield f"computes a default, of {operation.name}"  # type: ignore[attr-defined]  # only such have a field


def _has_computed_default(field: Any) -> bool:
    default = getattr(field, "default", NOT_PROVIDED)
    return callable(default) and default not in (NOT_PROVIDED, *CONSTANT_DEFAULTS)
