"""What a load balancer hears, on any host, and nothing more."""

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from tenants.people.models import Session
from tests.media_core.conftest import in_a_thread
from tests.media_core.wsgi import asked
from tests.wire import statements

pytestmark = pytest.mark.django_db
HOSTS = [
    "acme.example",
    "hooli.example",
    "nobody.example",
    "127.0.0.1:8000",
    "",
    "no host!",
    "[::1]",
]


@pytest.fixture(params=[*HOSTS, settings.AGENCY_HOST])
def browser(request, world) -> Client:
    return Client(headers={"host": request.param})


@pytest.mark.parametrize(("path", "word"), [("/healthz", b"alive\n"), ("/readyz", b"ready\n")])
def test_answers_one_word_on_any_host(path, word, browser):
    answer = browser.get(path)
    assert (answer.status_code, answer.content) == (200, word)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_tells_nothing_else(path, browser):
    answer = browser.get(path)
    assert set(answer.headers) == {"Content-Type", "Cache-Control"}
    assert not answer.cookies
    assert not Session.objects.exists()


def test_alive_asks_nobody(world):
    connection.ensure_connection()
    with statements() as sent:
        Client().get("/healthz")
    assert sent == []


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/x", "/healthZ", "//healthz", "/x/healthz"])
def test_only_these_two_addresses_are_open(path, world):
    assert Client(headers={"host": "nobody.example"}).get(path).status_code == 404


def away() -> None:
    """Let this thread's connection lead to where nobody listens."""
    connection.settings_dict = {**connection.settings_dict, "HOST": "127.0.0.1", "PORT": "9"}


def test_is_not_ready_when_the_database_is_away(world):
    def ask():
        away()
        return asked("acme.example", "/readyz"), asked("acme.example", "/healthz")

    ready, alive = in_a_thread(ask)
    assert (ready.status, ready.content) == (503, b"not ready: the database does not answer\n")
    assert set(ready.headers.keys()) == {"Content-Type", "Cache-Control"}
    assert (alive.status, alive.content) == (200, b"alive\n")


def cut_off(pid: int) -> None:
    """End a connection from the server's side, as a restart of PostgreSQL does."""
    facts = connection.get_connection_params()
    own = {
        name: facts[name]
        for name in ("dbname", "user", "password", "host", "port")
        if facts.get(name)
    }
    with psycopg.connect(**own) as another:
        another.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_is_ready_again_as_soon_as_the_database_is(world):
    def ask_before_and_after():
        asked("acme.example", "/readyz")
        cut_off(connection.connection.info.backend_pid)
        return [asked("acme.example", "/readyz").status for _ in range(2)]

    assert in_a_thread(ask_before_and_after) == [200, 200]
