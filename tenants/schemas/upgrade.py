"""Bringing tenants to this code's version: each in one transaction, several at once, one failure stopping no other."""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from enum import Enum
from threading import Lock
from typing import Any

from django.core.management import call_command
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from tenants.binding import connection
from tenants.models import Tenant
from tenants.schema_versions import (
    Node,
    compute_version,
    get_schema_version,
    is_ahead,
    list_tenant_app_labels,
    load_migrations,
)
from tenants.schemas.creation import (
    apply_deferred_constraints,
    format_migration_rows,
    list_applied_migrations,
    read_applied_version,
    save_schema_version,
)
from tenants.schemas.upgrade_steps import UpgradeStep

MAX_PARALLEL = 64
# Requests queue behind a migration that waits for a table. After this long it gives up, and the next run tries again.
LOCK_SECONDS = 10
# Advisory locks of two numbers are apart from those of one (binding.one_at_a_time): this kind, and whose.
LOCK_KIND = 1
LOCK_BYTES = 4

# Django loads all migrations anew for each migrate, into modules that the threads share: one migrate at a time.
_lock = Lock()


class UpgradeOutcome(Enum):
    """What was done to one tenant."""

    REPLAYED = "by a recording"
    MIGRATED = "by a migrate of its own"
    NOTED = "was current, the note was not"
    AHEAD = "is ahead of this code"


UpgradeResult = UpgradeOutcome | BaseException


def upgrade_tenants(
    tenants: Collection[Tenant], steps: Mapping[str, UpgradeStep], *, parallel: int
) -> Iterator[tuple[Tenant, UpgradeResult]]:
    """Yield each tenant, once it is done, with what was done or the error that left it as it was.

    `parallel` threads, each with a connection of its own: nearly all of the work is the database's.
    """
    lent: list[Any] = []
    most = min(parallel, _count_available_connections())
    threads = ThreadPoolExecutor(most, initializer=_share_connection, initargs=(lent,))
    try:
        running = {threads.submit(upgrade_tenant, tenant, steps): tenant for tenant in tenants}
        for done in as_completed(running):
            yield running[done], done.exception() or done.result()
    finally:
        # Also when somebody interrupts: what has not begun is left for the next run.
        threads.shutdown(cancel_futures=True)
        for one in lent:
            one.close()


def _count_available_connections() -> int:
    """Return how many connections threads can have: with a pool as many as it holds, this thread's own given back."""
    pool = connection.settings_dict["OPTIONS"].get("pool")
    if not pool:
        return MAX_PARALLEL
    connection.close()
    return int(pool["max_size"])


def _share_connection(lent: list[Any]) -> None:
    """Let the main thread close this thread's connection in the end: threads of a pool do not hear of theirs."""
    own = connections[DEFAULT_DB_ALIAS]
    own.inc_thread_sharing()
    lent.append(own)


def upgrade_tenant(tenant: Tenant, steps: Mapping[str, UpgradeStep]) -> UpgradeOutcome:
    """Bring one tenant to this code's version, by what its schema itself says it has, whatever is noted.

    All in one transaction, unless a migration refuses that. Two at once take turns. Nine statements for a replay.
    """
    connection.close_if_unusable_or_obsolete()
    with _lock_upgrade(tenant):
        with transaction.atomic():
            applied = _lock_history(tenant)
            if outcome := _note_or_replay(tenant, steps, applied):
                return outcome
        with _lock:
            if _needs_own_transactions(applied):
                _migrate_in_parts(tenant)
            else:
                _migrate_at_once(tenant)
        return UpgradeOutcome.MIGRATED


def _note_or_replay(
    tenant: Tenant, steps: Mapping[str, UpgradeStep], applied: list[Node]
) -> UpgradeOutcome | None:
    """Return what was done, or None when the tenant needs a migrate of its own."""
    found = compute_version(applied)
    if found == get_schema_version() or is_ahead(found):
        save_schema_version(tenant, found)
        return UpgradeOutcome.AHEAD if is_ahead(found) else UpgradeOutcome.NOTED
    step = steps.get(found)
    if step is None or step.no_replay_reason or step.before != frozenset(applied):
        return None
    _replay(tenant, step)
    save_schema_version(tenant, get_schema_version())
    return UpgradeOutcome.REPLAYED


def _migrate_at_once(tenant: Tenant) -> None:
    with transaction.atomic():
        _lock_history(tenant)
        _migrate(tenant)
        save_schema_version(tenant, get_schema_version())


def _migrate_in_parts(tenant: Tenant) -> None:
    try:
        _migrate(tenant)
    finally:
        # It may have come half way.
        save_schema_version(tenant, read_applied_version(tenant.schema_name))


def _needs_own_transactions(applied: list[Node]) -> bool:
    labels = set(list_tenant_app_labels())
    return any(
        not migration.atomic
        for node, migration in load_migrations().graph.nodes.items()
        if node[0] in labels and node not in applied
    )


@contextmanager
def _lock_upgrade(tenant: Tenant) -> Iterator[None]:
    """Let no other run touch the tenant meanwhile. The lock is the connection's, so it ends with the process."""
    lock = [LOCK_KIND, int.from_bytes(tenant.id.bytes[:LOCK_BYTES], signed=True)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", lock)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", lock)


def _lock_history(tenant: Tenant) -> list[Node]:
    """Return the migrations that the schema has; nobody adds one, by whatever command, before we commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'; "
            f'LOCK TABLE "{tenant.schema_name}".django_migrations IN SHARE ROW EXCLUSIVE MODE'
        )
    return list_applied_migrations(tenant.schema_name)


def _replay(tenant: Tenant, step: UpgradeStep) -> None:
    batch = f"""
        SET LOCAL search_path = "{tenant.schema_name}", public;
        {step.statements};
        INSERT INTO django_migrations (app, name, applied)
            SELECT * FROM (VALUES {format_migration_rows(step.applied)}) AS those (app, name, applied)
            WHERE (app, name) NOT IN (SELECT app, name FROM django_migrations);
        SET LOCAL search_path = public
    """  # noqa: S608 - the schema's name is generated, the rest our own migrations
    with connection.cursor() as cursor:
        cursor.execute(batch)


class _TenantMigrateCommand(MigrateCommand):
    def migration_progress_callback(self, *given: Any, **named: Any) -> None:
        apply_deferred_constraints(*given, **named)


def _migrate(tenant: Tenant) -> None:
    """Run Django's own migrate in the tenant's schema, with its signals."""
    connection.set_schema(tenant.schema_name)
    try:
        call_command(_TenantMigrateCommand(), verbosity=0, interactive=False, skip_checks=True)
    finally:
        connection.set_schema_to_public()
