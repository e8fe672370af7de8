"""What really goes over the wire: statements as libpq sends them, requests as boto sends them.

Django's own count of queries misses what django-tenants and connection health checks send by themselves.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connection
from psycopg.pq import Trace

from media_core.bucket.client import get_bucket_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Frontend messages of PostgreSQL's protocol: one of these for each statement that is executed.
STATEMENT = re.compile(r"^F\t\d+\t(?:Query|Execute)\t (.*)$", re.MULTILINE)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect every statement that this thread's connection sends, SET and BEGIN and SELECT 1 included.

    The list is filled when the block ends.
    """
    connection.ensure_connection()
    psycopg_connection = connection.connection
    sent: list[str] = []
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as trace:
        psycopg_connection.pgconn.trace(trace.fileno())
        psycopg_connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield sent
        finally:
            psycopg_connection.pgconn.untrace()
        assert connection.connection is psycopg_connection, (
            "Another connection was opened meanwhile."
        )
        trace.seek(0)
        sent += STATEMENT.findall(trace.read())


def as_sent(sql: str, parameters: Iterable[object]) -> str:
    """Return a statement as it goes over the wire: psycopg writes the parameters into it."""
    operations: Any = connection.ops
    return str(operations.compose_sql(sql, parameters))


@contextmanager
def bucket_requests(client: "S3Client | None" = None) -> Iterator[list[Any]]:
    """Collect every request that this process's client, or this one, sends to the bucket, retries included."""
    seen: list[Any] = []

    def note(request: Any, **_given: Any) -> None:
        seen.append(request)

    events = (client or get_bucket_client()).meta.events
    events.register("before-send.s3", note)
    try:
        yield seen
    finally:
        events.unregister("before-send.s3", note)


def acl_words(sent: Iterable[Any]) -> list[str]:
    """Return what these requests say of who may read: in a header, or by asking for an ACL."""
    return [
        f"{request.method} {name}"
        for request in sent
        for name in request.headers
        if "acl" in name.lower() or "grant" in name.lower()
    ] + [request.url for request in sent if "acl" in request.url.partition("?")[2]]
