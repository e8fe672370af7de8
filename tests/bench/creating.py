"""A process that creates a tenant for each line it reads, and says what each took: CPU microseconds.

Its own, and those of the PostgreSQL process that serves it.
"""

import gc
import sys
import time
from pathlib import Path

import django


def server_microseconds(process_id: int) -> float:
    """Return what the scheduler has given to a process so far."""
    return int(Path(f"/proc/{process_id}/schedstat").read_text().split()[0]) / 1000


def main() -> None:
    from django.db import connection  # noqa: PLC0415 - once Django is set up

    from tenants.models import Tenant  # noqa: PLC0415
    from tenants.provisioning import create_tenant  # noqa: PLC0415
    from tests.bench.timing import pause_garbage_collector  # noqa: PLC0415

    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    number = Tenant.objects.count()
    with pause_garbage_collector():
        for _ in sys.stdin:
            gc.collect()
            own, served = time.process_time(), server_microseconds(backend)
            create_tenant(
                name=f"T {number}",
                location_prefix=f"t-{number:05}/",
                domain=f"t-{number:05}.example",
            )
            taken = (time.process_time() - own) * 1e6
            print(f"{taken:.0f} {server_microseconds(backend) - served:.0f}", flush=True)
            number += 1


if __name__ == "__main__":
    django.setup()
    main()
