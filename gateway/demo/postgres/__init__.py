"""A PostgreSQL for the demo and the tests that nobody has to install."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from environ.fileaware_mapping import FileAwareMapping

from gateway.demo.postgres.errors import NoPostgres
from gateway.demo.postgres.server import EmbeddedPostgres

__all__ = ["DATA", "EmbeddedPostgres", "NoPostgres", "database_url", "given_url"]

DATA = Path(__file__).resolve().parents[3] / ".demo" / "postgres"


@contextmanager
def database_url(
    data: Path = DATA, *, fast: bool = False, database: str = "gateway"
) -> Iterator[str]:
    """Lend the URL of a database: DATABASE_URL where it is set, else one in an embedded server.

    With DATABASE_URL nothing is started. An embedded server is stopped by whoever leaves last.
    """
    if given := given_url():
        yield given
        return
    with EmbeddedPostgres(data, fast=fast) as server:
        server.ensure_database(database)
        yield server.url(database)


def given_url() -> str:
    """Return what DATABASE_URL, or the file that DATABASE_URL_FILE names, holds; else nothing."""
    # Read anew each time: what a FileAwareEnv read from a file stays for the whole process.
    given: str = FileAwareMapping(cache=False).get("DATABASE_URL", "")
    return given.strip()
