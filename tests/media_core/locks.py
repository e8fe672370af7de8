"""Two connections of which one waits for a lock of the other, at most two minutes."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection, transaction

from media_core.documents.locks import lock_tree
from tenants.binding import bind_tenant
from tenants.errors import GatewayError
from tenants.models import Tenant

SECONDS_AT_MOST = 120


def one_after_the_other(
    tenant: Tenant, first: Callable[[], object], second: Callable[[], object]
) -> Any:
    """Let `second` begin while the transaction of `first` is open; return what it said, or what refused it."""

    def begin_second() -> object:
        try:
            with bind_tenant(tenant):
                return second()
        except GatewayError as refusal:
            return refusal
        finally:
            connection.close()

    with bind_tenant(tenant), ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_tree()
            later = pool.submit(begin_second)
            wait_until_blocked()
            first()
        return later.result(timeout=120)


def wait_until_blocked() -> None:
    """Return as soon as another connection of this database waits for a lock."""
    until = time.monotonic() + SECONDS_AT_MOST
    while not count_lock_waiters():
        assert time.monotonic() < until, "Nobody waits for a lock."
        time.sleep(0.01)


def count_lock_waiters() -> int:
    with connection.cursor() as cursor:
        # A transaction sees the activity of its first look otherwise.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])
