"""What is compared: our gateway, Wagtail's redirect, a storage for each link; as a WSGI module and what to ask it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from psycopg import sql

from media_core.documents.models import AccessEvent
from tenants.binding import bind_tenant
from tests.bench.many import Site, tenants
from tests.bench.versus.client import Asked, get
from tests.bench.versus.servers import THREADS

# More than psycopg keeps prepared statements for.
HOSTS = 320
DATABASE = "versus_one_site"
OTHER_DATABASE = "VERSUS_DATABASE_URL"


@dataclass(frozen=True)
class Side:
    """One side of a comparison: `asked`, so many times, is a round. Once more goes before each round, uncounted."""

    wsgi: str
    asked: list[Asked]
    times: int
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def database_url(self) -> str:
        return self.environment.get(OTHER_DATABASE, os.environ["DATABASE_URL"])


def bucket_url(key: str) -> str:
    return f"{settings.BUCKET_ENDPOINT_URL}/{settings.BUCKET_NAME}/{key}"


def sites() -> list[Site]:
    return tenants(HOSTS)


def gateway(members: list[Site], times: int) -> Side:
    """Each member opens the document at their host, in turn."""
    asked = [
        get(
            site.document_path,
            host=site.host,
            cookie=f"{settings.SESSION_COOKIE_NAME}={site.session_key}",
            leads_to=bucket_url(f"{site.tenant.location_prefix}private/"),
        )
        for site in members
    ]
    return Side("gateway.wsgi", asked, times)


def alive(times: int) -> Side:
    """A view that does nothing, before all other middleware."""
    return Side("gateway.wsgi", [get("/healthz", host="acme.example", status=200)] * 100, times)


def recorded(members: list[Site]) -> int:
    """Return how many openings the members' tenants have on record."""
    total = 0
    for site in members:
        with bind_tenant(site.tenant):
            total += AccessEvent.objects.count()
    return total


def one_site() -> dict[str, Side]:
    """Return Wagtail's own way to a private document, and a storage for each link in the same project."""
    environment = {OTHER_DATABASE: database_beside(os.environ["DATABASE_URL"])}
    program = [sys.executable, "-m", "tests.bench.versus.site.fill"]
    made = subprocess.run(  # noqa: S603 - a program of ours
        program, env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE, text=True
    )
    facts = json.loads(made.stdout.splitlines()[-1])
    sides = {}
    for name, times in (("wagtail", 80), ("for_a_group", 80), ("per_link", 2)):
        asked = get(
            facts[name],
            host="one.example",
            cookie=f"sessionid={facts['session']}",
            leads_to=bucket_url(facts["folder"]),
        )
        # Once for each thread of the server.
        sides[name] = Side("tests.bench.versus.site.wsgi", [asked] * THREADS, times, environment)
    return sides


def database_beside(url: str) -> str:
    """Return the URL of the other project's database on the same server; makes it once."""
    with psycopg.connect(url, autocommit=True) as connection:
        known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
        if known.rowcount == 0:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(
                    sql.Identifier(DATABASE)
                )
            )
    return urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))
