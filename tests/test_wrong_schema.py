"""The connection stands in another tenant's schema, whatever it is told: nothing of theirs comes, nothing is written.

That is what a pooler in transaction mode does, and what the probe refuses; here the probe has passed, and every SET
leads astray.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from psycopg.pq import TransactionStatus

from media_core.upkeep.recount import recount
from tenants.errors import BindingDisagrees
from tenants.models import Quota, Tenant
from tests.conftest import Browse
from tests.folders import admin_of
from tests.media_core.conftest import misdirected
from tests.uses import FLOWS, NOTHING, outcome, twin_rooms
from tests.walk import asked, body_for, everything_of, routes, values

pytestmark = pytest.mark.django_db

TENANT_ROUTES = routes("gateway.urls_tenant")
Rows = tuple[list[str], ...]


@contextmanager
def astray(ours: Tenant, theirs: Tenant) -> Iterator[None]:
    """Let every SET that should lead to our schema lead to theirs."""

    def elsewhere(execute: Any, sql: Any, *rest: Any) -> Any:
        if str(sql).startswith("SET search_path"):
            sql = sql.replace(ours.schema_name, theirs.schema_name)
        return execute(sql, *rest)

    with connection.execute_wrapper(elsewhere):
        yield


def all_rows(*tenants: Tenant) -> Rows:
    """Return what is in the tenants' schemas, and what they have used."""
    used = [str(row) for row in Quota.objects.order_by("tenant_id").values_list()]
    return (*(everything_of(tenant) for tenant in tenants), used)


@contextmanager
def undone() -> Iterator[None]:
    """Undo what the block does, and a transaction that it broke. No atomic block: uploads want to be the outermost."""
    before = connection.savepoint()
    assert before
    try:
        yield
    finally:
        connection.savepoint_rollback(before)
        connection.needs_rollback = False


def broken() -> bool:
    """Return whether the transaction has failed, so that nothing it did will ever be committed."""
    state = connection.connection.info.transaction_status
    return connection.needs_rollback or state == TransactionStatus.INERROR


@pytest.fixture
def twins(acme: Tenant, globex: Tenant) -> dict[str, Any]:
    return twin_rooms(acme, globex)


# --- every route


ASKS = [(method, which) for method in ("get", "post") for which in ("document_id", "public_id")]


@pytest.mark.parametrize("ask", ASKS, ids=" ".join)
def test_no_route_shows_or_changes_what_is_globexs(
    ask: tuple[str, str], twins: dict[str, Any], acme: Tenant, globex: Tenant, browse: Browse
) -> None:
    client = browse(acme, "ada")
    client.raise_request_exception = False
    there = values(**{**twins, "document_id": twins[ask[1]]})
    method, before = ask[0], all_rows(acme, globex)
    for route in TENANT_ROUTES:
        with undone():
            with astray(acme, globex):
                answer = asked(client, method, route.path(there), **body_for(route, method, there))
            said = answer.content + str(answer.headers).encode()
            assert b"globex" not in said.lower(), route.pattern
            assert b"Signature" not in said, route.pattern
            assert broken() or all_rows(acme, globex)[1:] == before[1:], route.pattern
    assert all_rows(acme, globex) == before


def test_the_same_walk_on_the_right_path_shows_what_is_acmes(
    twins: dict[str, Any], acme: Tenant, globex: Tenant, browse: Browse
) -> None:
    client = browse(acme, "ada")
    assert b"Acme-folder" in client.get("/").content
    assert b"Acme-private" in client.get(f"/folders/{twins['folder_id']}").content
    assert b"Signature" in str(client.get(f"/d/{twins['document_id']}").headers).encode()


# --- every flow


@pytest.mark.parametrize("flow", FLOWS)
def test_no_flow_finds_or_changes_what_is_globexs(
    flow: str, twins: dict[str, Any], acme: Tenant, globex: Tenant
) -> None:
    admin, before = admin_of(acme), all_rows(acme, globex)
    with undone():
        with misdirected(acme, to=globex):
            assert outcome(flow, twins, admin) in NOTHING
        assert broken() or all_rows(acme, globex) == before


def test_a_recount_where_nothing_is_found_does_not_say_that_nothing_is_used(
    twins: dict[str, Any], acme: Tenant, globex: Tenant
) -> None:
    Quota.objects.filter(tenant=acme).update(used_bytes=15)
    with misdirected(acme, to=globex), pytest.raises(BindingDisagrees):
        recount()
    assert Quota.objects.get(tenant=acme).used_bytes == 15
