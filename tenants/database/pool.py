"""Django's own pool of connections, shared by the threads of a process."""

from typing import Any

from psycopg import Connection

# A request that finds no connection free for so long is given up.
WAIT_SECONDS = 5
# After an outage the pool tries so long, with growing pauses; then the next request makes it try anew.
RECONNECT_SECONDS = 5


def pooled(database: dict[str, Any], size: int) -> dict[str, Any]:
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
        "reset": given_back,
    }
    return {
        **database,
        "CONN_MAX_AGE": 0,
        "OPTIONS": {**database.get("OPTIONS", {}), "pool": pool},
    }


def given_back(connection: Connection[Any]) -> None:
    """Leave nothing of the last user in a connection: neither their schema nor a lock.

    One round trip, in a thread of the pool: nobody waits for it.
    """
    connection.autocommit = True
    connection.execute("SET search_path = public; SELECT pg_advisory_unlock_all()")
