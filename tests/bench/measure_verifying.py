"""What `bucket verify` takes for a tenant of a million objects: a real ledger, and a bucket that lists as many."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import override_settings

from media_core.ledger.models import StoredObject
from media_core.upkeep.verifying import Problem, verify_ledger
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tenants.provisioning import create_tenant
from tests.bench.listed_bucket import Listing
from tests.bench.many import prepare
from tests.bench.ratios import Ratio
from tests.media_core.conftest import stored_row

NAME = "verify-bench"
LISTING = Listing(objects=1_000_000, public=10_000)
# What a process takes for any tenant is taken before.
WARM = Listing(objects=20_000, public=1_000)
KIB, MIB = 1024, 1024 * 1024


def ratios() -> list[Ratio]:
    prepare()
    tenant = Tenant.objects.filter(location_prefix=f"{NAME}/").first() or create_tenant(
        name=NAME, location_prefix=f"{NAME}/", domain=f"{NAME}.example"
    )
    measure(tenant, WARM)
    grown, seconds, statements = measure(tenant, LISTING)
    objects = f"{LISTING.objects:,} objects"
    return [
        Ratio(
            f"Verifying {objects}, {LISTING.public:,} of them public: memory",
            grown / MIB, 1, "MiB more", "1 MiB", at_most=64,
        ),
        Ratio("The same: time", seconds, 60, "s", "one minute"),
        Ratio(
            "Statements for it, FETCH left out", statements, LISTING.count_lost(), "statements",
            "objects that are missing",
        ),
    ]  # fmt: skip


def measure(tenant: Tenant, listing: Listing) -> tuple[int, float, int]:
    """Return by how many bytes the process grew at most, the seconds, and the statements to verify a tenant."""
    with (
        bind_tenant(tenant),
        fill(listing),
        serve(listing) as endpoint,
        override_settings(BUCKET_ENDPOINT_URL=endpoint, BUCKET_ADDRESSING_STYLE="path"),
    ):
        before, started = forget_peak(), time.monotonic()
        statements = count_statements(listing)
        return read_memory_bytes("VmHWM") - before, time.monotonic() - started, statements


def count_statements(listing: Listing) -> int:
    """Verify the bound tenant; return how many statements that took. What is missing is found, and nothing else."""
    statements = missing = 0

    def note(execute: Any, *given: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*given)

    with connection.execute_wrapper(note):
        for finding in verify_ledger():
            assert finding.problem == Problem.MISSING, finding
            missing += 1
    assert missing == listing.count_lost()
    return statements


@contextmanager
def fill(listing: Listing) -> Iterator[None]:
    """Lend the bound tenant a ledger with a row for each object of the listing, and nothing else."""
    table = StoredObject._meta.db_table
    empty = f'TRUNCATE "{table}" CASCADE'
    with connection.cursor() as cursor:
        cursor.execute(empty)
        try:
            for area, numbers in (
                ("media", (1, listing.public)),
                ("private", (listing.public + 1, listing.objects)),
            ):
                multiply(cursor, table, stored_row(area=area, name=f"{area}/first"), numbers)
            cursor.execute(f'ANALYZE "{table}"')
            yield
        finally:
            cursor.execute(empty)


def multiply(cursor: Any, table: str, row: StoredObject, numbers: tuple[int, int]) -> None:
    """Put rows like this one in its place, one for each number, under the names that the listing has."""
    known = {field.column for field in row._meta.concrete_fields} - {"id", "name"}
    columns = ", ".join(f'"{column}"' for column in sorted(filter(None, known)))
    cursor.execute(
        f"""
        INSERT INTO "{table}" (id, name, {columns})
        SELECT made.id, concat(%s, '/', made.id, '/x.pdf'), {columns}
        FROM "{table}" first,
            (SELECT lpad(to_hex(n), 32, '0')::uuid AS id FROM generate_series(%s, %s) n) made
        WHERE first.id = %s
        """,  # noqa: S608 - names of columns
        [row.area, *numbers, row.pk],
    )
    cursor.execute(f'DELETE FROM "{table}" WHERE id = %s', [row.pk])  # noqa: S608


@contextmanager
def serve(listing: Listing) -> Iterator[str]:
    """Lend the endpoint of a bucket that lists these, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.listed_bucket"]
    with subprocess.Popen(  # noqa: S603 - a program of ours
        [*command, str(listing.objects), str(listing.public)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()


def forget_peak() -> int:
    """Return how much memory this process holds now; its peak is counted anew from here on."""
    Path("/proc/self/clear_refs").write_text("5")
    return read_memory_bytes("VmRSS")


def read_memory_bytes(name: str) -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * KIB for line in status if line.startswith(f"{name}:"))
