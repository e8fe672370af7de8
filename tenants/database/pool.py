"""Pools of connections, shared by the threads of a process: Django's own, and the few second ones beside it."""

from typing import Any

from psycopg import Connection

# A request that finds no connection free for so long is given up.
WAIT_SECONDS = 5
# After an outage the pool tries so long, with growing pauses; then the next request makes it try anew.
RECONNECT_SECONDS = 5


def add_pool(database: dict[str, Any], size: int) -> dict[str, Any]:
    """Return the settings of a database with a pool of `size` connections in each process; 0 leaves them as they are.

    With a pool a thread keeps no connection of its own between requests, so CONN_MAX_AGE is 0.
    """
    if not size:
        return database
    pool = {
        "min_size": 1,
        "max_size": size,
        "timeout": WAIT_SECONDS,
        "reconnect_timeout": RECONNECT_SECONDS,
        "reset": reset_connection,
    }
    return {
        **database,
        "CONN_MAX_AGE": 0,
        "OPTIONS": {**database.get("OPTIONS", {}), "pool": pool},
    }


def reset_connection(connection: Connection[Any]) -> None:
    """Leave nothing of the last user in a connection: neither their schema nor a lock.

    One round trip, in a thread of the pool: nobody waits for it.
    """
    connection.autocommit = True
    connection.execute("SET search_path = public; SELECT pg_advisory_unlock_all()")


# What is committed beside an open transaction, whatever becomes of that, needs a second one for some milliseconds.
MAX_SECOND_CONNECTIONS = 4
SECOND_CONNECTIONS = {
    "min_size": 0,
    "max_size": MAX_SECOND_CONNECTIONS,
    "timeout": WAIT_SECONDS,
    "reconnect_timeout": RECONNECT_SECONDS,
    # An idle one is closed after so many seconds.
    "max_idle": 60,
    "reset": reset_connection,
}
