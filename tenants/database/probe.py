"""Whether a connection keeps its session in PostgreSQL, or something in between lends the session to others.

The `search_path`, locks and server-side cursors are a session's. A pooler in transaction mode gives a client a
session for a transaction only, and then the same one to the next client, with all that was set in it.
"""

import secrets
import time
from typing import Any

import psycopg
from psycopg import pq

from tenants.database.probe_connection import CONNECT_SECONDS, ProbeConnection
from tenants.errors import DatabaseNotProved

PROBE_SECONDS = 5.0
# PostgreSQL notifies within milliseconds.
NOTIFICATION_SECONDS = 2.0
ROUNDS = 3
REMEDY = (
    "Connect to PostgreSQL directly, or through a pooler in session mode (PgBouncer: pool_mode = session), "
    "and name that in DATABASE_URL."
)


def probe_connections(parameters: dict[str, Any]) -> None:
    """Return when connections keep their sessions; raise DatabaseNotProved when not, or when it cannot be known.

    Two connections, about 16 statements, some milliseconds. It changes nothing and needs no table.
    """
    until = time.monotonic() + PROBE_SECONDS
    try:
        with (
            ProbeConnection.open(parameters, until) as ours,
            ProbeConnection.open(parameters, until) as theirs,
        ):
            found = find_session_problem(ours, theirs)
    except psycopg.Error as error:
        reason = (str(error).strip() or "no reason given").splitlines()[0]
        raise DatabaseNotProved(f"The database does not answer: {reason}") from error
    if found:
        raise DatabaseNotProved(f"{found} A pooler mixes tenants here. {REMEDY}")


def is_server_reachable(parameters: dict[str, Any]) -> bool:
    """Return whether a PostgreSQL answers there. It needs no free connection, and no right to sign in."""
    names = {"host", "hostaddr", "port"} & parameters.keys()
    place = {name: parameters[name] for name in names}
    call = psycopg.conninfo.make_conninfo(**place, connect_timeout=CONNECT_SECONDS)
    return pq.PGconn.ping(call.encode()) == pq.Ping.OK


def find_session_problem(ours: ProbeConnection, theirs: ProbeConnection) -> str:
    """Return what shows that two connections do not have a session each, or nothing."""
    pids: dict[ProbeConnection, set[str]] = {ours: set(), theirs: set()}
    for _ in range(ROUNDS):
        paths = {line: f"public, gateway_probe_{secrets.token_hex(4)}" for line in pids}
        for line, path in paths.items():
            line.ask(f"SET search_path = {path}")
        for line, path in paths.items():
            pid, found = line.ask("SELECT pg_backend_pid(), current_setting('search_path')")
            if found != path:
                return "What one connection set was lost, or changed by another."
            pids[line].add(pid)
    if len(pids[ours]) > 1 or len(pids[theirs]) > 1 or pids[ours] & pids[theirs]:
        return "Connections change their session, or share one."
    if not has_session_when_idle(ours, theirs):
        return "A connection that rests has no session."
    return ""


def has_session_when_idle(ours: ProbeConnection, theirs: ProbeConnection) -> bool:
    """Return whether a connection that asks for nothing still has its session.

    The certain part, whatever the pooler's size, load and habits: a notification goes to the session that listens.
    A pooler that took the session back after LISTEN has nowhere to pass it on to.
    """
    channel = f"gateway_probe_{secrets.token_hex(8)}"
    ours.ask(f"LISTEN {channel}")
    theirs.ask(f"NOTIFY {channel}")
    return ours.receives_notification(channel, within=NOTIFICATION_SECONDS)
