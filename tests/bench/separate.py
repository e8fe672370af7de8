"""A database of a benchmark's own, with as many tenants as it wants. It stays; what is missing is made."""

import os
from contextlib import closing
from pathlib import Path

import psycopg

from tests.tenants.upgrades.conftest import Deployment

MAKE_TENANTS = """
import sys
import django
django.setup()
from django.core.management import call_command
call_command("migrate_schemas", shared=True, verbosity=0)
call_command("migrate_tenants", verbosity=0)
from tenants.models import Tenant
from tenants.provisioning import create_tenant
for number in range(Tenant.objects.count(), int(sys.argv[1])):
    create_tenant(name=f"T {number}", location_prefix=f"t-{number:05}/", domain=f"t-{number:05}.example")
"""


def database_of(name: str, tenants: int) -> Deployment:
    """Return a database with this many tenants of this code, or more. 40 ms for each that is missing."""
    deployment = Deployment(f"{name}_bench")
    with closing(psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)) as connection:
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        if not connection.execute(known, [deployment.database]).fetchone():
            connection.execute(f"CREATE DATABASE {deployment.database}")
    made = deployment.run("-c", MAKE_TENANTS, str(tenants), seconds=None)
    assert made.code == 0, made.complained
    return deployment


def dropped(name: str) -> None:
    """Drop a benchmark's database, where it is there."""
    with closing(psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}_bench WITH (FORCE)")


def cpu_seconds_of(process_id: int, *, with_children: bool = False) -> float:
    """Return the CPU seconds that a process, and with it those of its children that have ended, has had so far."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    ticks = sum(map(int, fields[11:15] if with_children else fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def postmaster(connection: "psycopg.Connection[tuple[int, ...]]") -> int:
    """Return the process id of the server, whose children serve the connections."""
    backend = Path(f"/proc/{connection.info.backend_pid}/stat").read_text()
    return int(backend.rpartition(")")[2].split()[1])
