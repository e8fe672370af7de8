"""The product behind a PgBouncer that mixes tenants, past the probe: what comes is one's own, or nothing."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
import pytest
from django.db import DatabaseError, ProgrammingError, connection
from django.test import Client
from psycopg.conninfo import conninfo_to_dict

from media_core.documents.models import Document
from tenants.binding import bind_tenant
from tenants.errors import GatewayError
from tenants.models import Quota, Tenant
from tests.conftest import browser_at, new_session
from tests.folders import admin_of
from tests.media_core.conftest import in_a_thread
from tests.pgbouncer.bouncer import bouncer
from tests.uses import FLOWS, outcome, twin_rooms
from tests.walk import asked, body_for, everything_of, routes, values

pytestmark = [pytest.mark.django_db, pytest.mark.pgbouncer]
TENANT_ROUTES = routes("gateway.urls_tenant")
Result = TypeVar("Result")


# By chance the pooler gives a page the wrong connection; not so often in a row.
MOST_WALKS = 30


def behind(url: str, work: Callable[[], Result]) -> Result:
    """Do the work in a thread whose connection goes by way of a pooler. The probe has passed in this process."""

    def there() -> Result:
        facts = conninfo_to_dict(url)
        pooler = {"HOST": facts["host"], "PORT": facts["port"], "USER": facts["user"]}
        connection.settings_dict = {**connection.settings_dict, **pooler}
        return work()

    return in_a_thread(there)


@contextmanager
def globex_at_work(url: str, globex: Tenant) -> Iterator[None]:
    """Let globex ask for its own rows all the time, by way of the same pooler."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            titles = set[str]()
            # Where the pooler's connection happens to stand in the public schema, there are no documents.
            with suppress(ProgrammingError), bind_tenant(globex):
                titles = set(Document.objects.values_list("title", flat=True))
            assert not titles & {"Acme-private", "Acme-public"}

    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(behind, url, work)
        try:
            yield
        finally:
            over.set()
            done.result()


def theirs(globex: Tenant) -> tuple[list[str], list[str]]:
    used = Quota.objects.filter(tenant=globex).values_list()
    return everything_of(globex), [str(row) for row in used]


@pytest.fixture
def rooms(committed: Callable[..., Any], acme: Tenant, globex: Tenant) -> dict[str, Any]:
    made: dict[str, Any] = committed(lambda: twin_rooms(acme, globex))
    return made


@pytest.fixture
def ada(committed: Callable[..., Any], acme: Tenant, people: dict[str, Any]) -> Client:
    client = browser_at("acme.example", committed(lambda: new_session(people["ada"], acme)))
    client.raise_request_exception = False
    return client


def walked(client: Client, rooms: dict[str, Any]) -> list[bytes]:
    """Return everything that is said on all routes, pages first. They are asked until one finds its own rows."""
    there, said = values(**rooms), list[bytes]()
    for method in ("get", *["get"] * MOST_WALKS, "post"):
        if method == "get" and found_its_way(said):
            continue
        for route in TENANT_ROUTES:
            answer = asked(client, method, route.path(there), **body_for(route, method, there))
            said.append(answer.content + str(answer.headers).encode())
    return said


def found_its_way(said: list[bytes]) -> bool:
    return any(b"Acme-folder" in one for one in said)


@pytest.mark.parametrize("size", [1, 2])
def test_no_route_of_acme_shows_or_changes_what_is_globexs(size, rooms, ada, globex):
    before = theirs(globex)
    with bouncer("transaction", size) as url, globex_at_work(url, globex):
        seen = behind(url, lambda: walked(ada, rooms))
    assert [said for said in seen if b"globex" in said.lower()] == []
    # Some of them did find their way, or it was no test of pages.
    assert found_its_way(seen)
    assert theirs(globex) == before


def tried(flow: str, rooms: dict[str, Any], acme: Tenant) -> str:
    """Return what a flow of acme's came to."""
    try:
        with bind_tenant(acme):
            return outcome(flow, rooms, admin_of(acme))
    except (DatabaseError, psycopg.Error, GatewayError) as refusal:
        return f"refused: {refusal}"
    finally:
        connection.close()


@pytest.mark.parametrize("flow", FLOWS)
def test_no_flow_of_acme_shows_or_changes_what_is_globexs(flow, rooms, acme, globex):
    before = theirs(globex)
    with bouncer("transaction", 1) as url, globex_at_work(url, globex):
        said = behind(url, lambda: [tried(flow, rooms, acme) for _ in range(5)])
    assert "globex" not in " ".join(said).lower()
    assert theirs(globex) == before
