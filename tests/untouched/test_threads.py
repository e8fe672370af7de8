"""Eight threads of one process work for two tenants at once, with every app: nothing changes rooms."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from threading import Barrier

import pytest
from django.db import connection

from media_core.storages.tenant_storage import find_storage
from media_core.upkeep.recount import recount
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.untouched.rooms import all_live, keys_of, prefix_of
from tests.untouched.uses import USES, Use

THREADS = 8
COLOURS = {"acme/": "red", "globex/": "blue"}


def content_of(use: Use, tenant: Tenant) -> bytes:
    return use.content(COLOURS[tenant.location_prefix])


def use_everything(tenants: Iterator[Tenant], ready: Barrier, rounds: int) -> list[tuple[str, str]]:
    """Work for one tenant after the other; return (prefix, key) of what was left there."""
    left = []
    try:
        ready.wait()
        for _ in range(rounds):
            for use in USES.values():
                tenant = next(tenants)
                with bind_tenant(tenant):
                    left += [(tenant.location_prefix, name) for name in kept(use, tenant)]
    finally:
        connection.close()
    return left


def kept(use: Use, tenant: Tenant) -> list[str]:
    """Upload, read, replace and rename one file, and delete another; return the name of the first."""
    content = content_of(use, tenant)
    made, passing = use.upload(content), use.upload(content)
    use.replace(made, content)
    use.rename(made, "renamed.bin")
    use.delete(passing)
    found = use.file_of(made)
    with found.open() as body:
        assert body.read() == content
    return [found.name]


@pytest.mark.parametrize("rounds", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_threads_for_two_tenants_never_mix_them_up(rounds, committed):
    ready, tenants = Barrier(THREADS), list(committed.values())
    with ThreadPoolExecutor(THREADS) as pool:
        # Half of the threads begin with one tenant, half with the other.
        turns = [cycle(tenants if number % 2 else tenants[::-1]) for number in range(THREADS)]
        work = [pool.submit(use_everything, turn, ready, rounds) for turn in turns]
        left = [one for done in work for one in done.result()]
    assert len(left) == THREADS * rounds * len(USES)
    for tenant in tenants:
        names = sorted(name for prefix, name in left if prefix == tenant.location_prefix)
        assert sorted(all_live(tenant)) == names
        assert wrong_bytes(tenant) == []
        with bind_tenant(tenant):
            assert recount(mend=False).agrees


def wrong_bytes(tenant: Tenant) -> list[str]:
    """Return the names of live files whose object is not this tenant's, by its key or by its bytes."""
    own = {content_of(use, tenant) for use in USES.values()}
    keys, wrong = keys_of(tenant), []
    for name, row in all_live(tenant).items():
        with bind_tenant(tenant), find_storage(row).read(row) as body:
            is_own = body.read() in own
        if not is_own or f"{prefix_of(tenant)}{row.name}" not in keys:
            wrong.append(name)
    return wrong
