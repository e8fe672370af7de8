"""Wait until another connection is blocked by a lock, at most two minutes."""

import time

from django.db import connection

SECONDS_AT_MOST = 120


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
