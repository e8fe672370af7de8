"""A process with a pool forks: prints what parent and child find afterwards, as JSON."""

import json
import os
from typing import Any

import django


def found() -> list[str]:
    from tenants.binding import bind_tenant  # noqa: PLC0415 - models need Django set up
    from tenants.models import Tenant  # noqa: PLC0415
    from tests.soak.kinds import look  # noqa: PLC0415

    with bind_tenant(Tenant.objects.get(location_prefix="acme/")) as acme:
        return sorted(look(acme).found)


def main() -> dict[str, Any]:
    django.setup()
    from django.db import connections  # noqa: PLC0415

    before = found()
    # As before any fork; the pool stays open.
    connections.close_all()
    child = os.fork()
    if not child:
        os._exit(0 if found() == before else 1)
    return {
        "child": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]),
        "before": before,
        "after": found(),
    }


if __name__ == "__main__":
    print(json.dumps(main()))  # noqa: T201
