"""migrate_tenants over 500 tenants: up to date, and behind by one AddField against django-tenants' own command.

The one field comes from newer code in a process of its own. Each side is a whole command, Python's start included.
"""

import os
import resource
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from statistics import mean

import psycopg

from tests.bench.ratios import Ratio
from tests.bench.separate import cpu_seconds_of, database_of, postmaster
from tests.tenants.upgrades.conftest import Deployment, Ended

TENANTS = 500
OURS = ("manage.py", "migrate_tenants")
# What `manage.py migrate_schemas` is without this gateway.
WITHOUT_US = (
    "import django; django.setup(); from django.core.management import call_command; "
    "from django_tenants.management.commands.migrate_schemas import MigrateSchemasCommand; "
    "call_command(MigrateSchemasCommand(), tenant=True, verbosity=0, interactive=False)"
)
THEIRS = ("-c", WITHOUT_US)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: seconds on the clock, and of the processors, the database's included."""

    seconds: float
    cpu_seconds: float


def ratios() -> list[Ratio]:
    there = database_of("migrations", TENANTS)
    forget_the_field(there)
    newer = "one_field"
    # The slow one once, between two of ours.
    ours = [cost_of(there, lambda: there.run(*OURS, newer=newer))]
    assert set(there.noted().values()) == {"0002_colour"}
    current = [cost_of(there, lambda: there.run(*OURS, newer=newer)) for _ in range(3)]
    forget_the_field(there)
    theirs = cost_of(there, lambda: there.run(*THEIRS, newer=newer, seconds=None))
    assert all(map(there.has_colour, ("t-00000", "t-00499")))
    forget_the_field(there)
    ours.append(cost_of(there, lambda: there.run(*OURS, newer=newer)))
    forget_the_field(there)
    nothing = f"migrate_tenants, {TENANTS} up to date"
    name = f"migrate_tenants, {TENANTS} behind by one AddField"
    by_clock, by_cpu = mean(o.seconds for o in ours), mean(o.cpu_seconds for o in ours)
    return [
        Ratio(f"{name}: clock", theirs.seconds, by_clock, "s", "migrate_tenants", at_least=5),
        Ratio(f"{name}: CPU", theirs.cpu_seconds, by_cpu, "s", "migrate_tenants", at_least=5),
        Ratio(
            f"{nothing}: clock", min(c.seconds for c in current), 1, "s", "one second", at_most=2
        ),
        Ratio(
            f"{nothing}: CPU", min(c.cpu_seconds for c in current), 1, "s", "one second", at_most=2
        ),
    ]


def cost_of(there: Deployment, command: Callable[[], Ended]) -> Cost:
    """Run a command to its end; return what it took. Nobody else should use this PostgreSQL meanwhile."""
    with closing(psycopg.connect(os.environ["DATABASE_URL"])) as connection:
        server = postmaster(connection)
        before, started = cpu_seconds_of(server, with_children=True), time.perf_counter()
        client = used_by_children()
        ended = command()
        assert ended.code == 0, ended.complained
        seconds = time.perf_counter() - started
        # A connection's process ends a moment after its client.
        time.sleep(0.5)
        served = cpu_seconds_of(server, with_children=True) - before
        return Cost(seconds, used_by_children() - client + served)


def used_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def forget_the_field(there: Deployment) -> None:
    """Bring every tenant back to the version before."""
    with closing(psycopg.connect(there.url, autocommit=True)) as connection:
        found = connection.execute("SELECT schema_name FROM tenants_tenant").fetchall()
        for (schema,) in found:
            connection.execute(
                f"ALTER TABLE {schema}.stamp_stamp DROP COLUMN IF EXISTS colour;"  # noqa: S608 - a generated name
                f"DELETE FROM {schema}.django_migrations WHERE app = 'stamp' AND name <> '0001_initial'"
            )
        connection.execute(
            "UPDATE tenants_tenant SET oldest_code = '',"
            " schema_version = regexp_replace(schema_version, 'stamp[.].*', 'stamp.0001_initial')"
        )
