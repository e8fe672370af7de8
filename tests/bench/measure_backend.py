"""How much larger one of PostgreSQL's processes gets by serving many tenants: it remembers every table it touched.

Needs a PostgreSQL on this machine: its processes are looked at from outside.
"""

import psutil
from django.db import connection

from tests.bench.many import tenants
from tests.bench.opening import in_turn
from tests.bench.ratios import Ratio
from tests.media_core.wsgi import asked

TENANTS = 500
WARM = 20
STEP = 10
MIB = 2**20


def ratios() -> list[Ratio]:
    sites = tenants(TENANTS + WARM)
    connection.close()
    open_next = in_turn(sites)
    for _ in range(WARM):
        open_next()
    before, largest = own_mib(), 0.0
    for number, site in enumerate(sites[WARM:]):
        open_next()
        asked(site.host, "/", site.session_key)
        if number % STEP == 0:
            largest = max(largest, own_mib())
    return [
        Ratio(
            f"A database backend that served {TENANTS} tenants, a page and a document each",
            largest - before,
            1,
            "MiB more",
            "1 MiB",
            at_most=30,
        )
    ]


def own_mib() -> float:
    """Return the memory of this connection's process that it shares with no other, in MiB."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    memory = psutil.Process(pid).memory_info()
    return float(memory.rss - memory.shared) / MIB
