"""The soak, in a process of its own on the settings that it is given: prints what came out, as JSON.

python -m tests.soak 5            five rounds: each of 8 threads uses each kind once for each of two tenants
python -m tests.soak 5 --unproved past the probe and without raw SQL: what the stamp makes of a pooler that mixes
"""

import json
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
import psycopg
from django.db import DatabaseError, close_old_connections, connection

THREADS = 8


def main(rounds: int, *, proved: bool) -> dict[str, Any]:
    django.setup()
    from tenants.database.proof import database_proof  # noqa: PLC0415 - models need Django set up
    from tenants.models import Tenant  # noqa: PLC0415
    from tests.soak.kinds import Eye  # noqa: PLC0415

    # What Django's loader of settings does not know: that the probe was passed by.
    database_proof._proved = not proved
    Eye.also_raw = proved
    pair = [Tenant.objects.get(location_prefix=f"{name}/") for name in ("acme", "globex")]
    connection.close()
    sys.setswitchinterval(0.0005)
    start = threading.Barrier(THREADS)

    def work(number: int) -> Counter[str]:
        start.wait()
        return sum((used(*use) for use in uses(number, rounds, pair)), Counter[str]())

    with ThreadPoolExecutor(THREADS) as threads:
        found = sum(threads.map(work, range(THREADS)), Counter[str]())
    return dict(found)


def uses(number: int, rounds: int, pair: list[Any]) -> Iterator[tuple[Any, Any, Any]]:
    from tests.soak.kinds import KINDS  # noqa: PLC0415

    choose = random.Random(number)  # noqa: S311 - the same every time
    for _ in range(rounds):
        each = [(kind, *order) for kind in KINDS for order in (pair, pair[::-1])]
        yield from choose.sample(each, len(each))


def used(kind: Any, ours: Any, other: Any) -> Counter[str]:
    """Use the database once as a request does, and count what came of it."""
    from tenants.binding import bind_tenant  # noqa: PLC0415

    try:
        with bind_tenant(ours):
            looks = kind(ours, other)
    # Closing a cursor is not wrapped by Django.
    except (DatabaseError, psycopg.Error) as error:
        return Counter([f"failed: {kind.__name__}: {type(error).__name__}", "failed"])
    finally:
        close_old_connections()
    said = [verdict(look) for look in looks]
    named = [f"{what}: {kind.__name__}" for what in said if what != "right"]
    return Counter([*said, *named, "uses"])


def verdict(look: Any) -> str:
    if look.found == {look.meant}:
        return "right"
    return "wrong" if look.found - {look.meant} else "empty"


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), proved="--unproved" not in sys.argv)))  # noqa: T201
