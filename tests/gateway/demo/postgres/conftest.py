"""Servers that are gone after the test. Plain pytest: nothing here needs Django or its database."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gateway.demo.postgres import EmbeddedPostgres

Maker = Callable[..., EmbeddedPostgres]


@pytest.fixture(autouse=True)
def no_database_url(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("DATABASE_URL_FILE", raising=False)


def in_memory() -> Path | None:
    """Return a folder in memory if it holds some clusters: making one there takes half the time."""
    memory = Path("/dev/shm")  # noqa: S108  # only a place for folders with random names
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 2**30 else None


@contextmanager
def open_folder() -> Iterator[Path]:
    """Lend a folder that every user may enter; pytest's tmp_path is closed to others."""
    with tempfile.TemporaryDirectory(prefix="gateway-", dir=in_memory()) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture
def servers(folder, tmp_path) -> Iterator[Maker]:
    """Makes servers. They are deleted before their folders are."""
    with ExitStack() as made:

        def make(data: Path, **options) -> EmbeddedPostgres:
            server = EmbeddedPostgres(data, fast=True, **options)
            made.callback(server.delete)
            return server

        yield make


@pytest.fixture
def server(servers: Maker, folder: Path) -> EmbeddedPostgres:
    return servers(folder / "postgres")


@pytest.fixture(scope="session")
def running() -> Iterator[EmbeddedPostgres]:
    """A server that runs already, for those who do it no harm."""
    with open_folder() as folder, EmbeddedPostgres(folder / "postgres", fast=True) as server:
        yield server
