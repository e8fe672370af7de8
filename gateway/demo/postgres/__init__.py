"""A PostgreSQL for the demo and the tests that nobody has to install."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from environ.fileaware_mapping import FileAwareMapping

from gateway.demo.postgres.embedded_postgres import EmbeddedPostgres
from gateway.demo.postgres.errors import NoPostgres

__all__ = [
    "DATA_FOLDER",
    "EmbeddedPostgres",
    "NoPostgres",
    "provide_database_url",
    "read_database_url",
]

DATA_FOLDER = Path(__file__).resolve().parents[3] / ".demo" / "postgres"


@contextmanager
def provide_database_url(
    data: Path = DATA_FOLDER, *, fast: bool = False, database: str = "gateway"
) -> Iterator[str]:
    """Lend the URL of a database: DATABASE_URL where it is set, else one in an embedded server.

    With DATABASE_URL nothing is started. An embedded server is stopped by whoever leaves last.
    """
    if given := read_database_url():
        yield given
        return
    with EmbeddedPostgres(data, fast=fast) as server:
        server.ensure_database(database)
        yield server.build_url(database)


def read_database_url() -> str:
    """Return what DATABASE_URL, or the file that DATABASE_URL_FILE names, holds; else nothing."""
    # Read anew each time: what a FileAwareEnv read from a file stays for the whole process.
    given: str = FileAwareMapping(cache=False).get("DATABASE_URL", "")
    return given.strip()
