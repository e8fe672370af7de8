"""A database that goes away while the gateway runs, or has no connection free: everybody is told to come again."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.exception import convert_exception_to_response
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import RequestFactory

from tenants.binding import bind_tenant
from tenants.people.models import Session
from tests.conftest import new_session
from tests.gunicorn import asked, database_url, gunicorn
from tests.media_core.conftest import committed
from tests.relay import Relay
from tests.tenants.conftest import connected

__all__ = ["committed"]
pytestmark = pytest.mark.django_db

TOKEN = "t" * 32
DOCUMENT = "00000000-0000-4000-8000-000000000000"
# Connecting, asking whether anybody answers, and a busy machine.
SECONDS_TO_NOTICE = 30
THREADS = ("--worker-class=gthread", "--threads=4")


@dataclass(frozen=True)
class Visitor:
    """Somebody at a host of a running gateway, signed in there unless the key is empty."""

    address: str
    host: str
    session_key: str

    def ask(self, path: str, *, method: str = "GET", **given: Any) -> requests.Response:
        cookies = {settings.CSRF_COOKIE_NAME: TOKEN, settings.SESSION_COOKIE_NAME: self.session_key}
        referer = {"Referer": f"https://{self.host}/"}
        return asked(
            self.address, path, self.host, method=method, cookies=cookies, headers=referer, **given
        )


def form(**fields: str) -> dict[str, Any]:
    return {"method": "POST", "data": {"csrfmiddlewaretoken": TOKEN, **fields}}


REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "list": ("/", {}),
    "folder": (f"/folders/{DOCUMENT}", {}),
    "document": (f"/documents/{DOCUMENT}", {}),
    "link": (f"/d/{DOCUMENT}/x.pdf", {}),
    "head of a link": (f"/d/{DOCUMENT}/x.pdf", {"method": "HEAD"}),
    "admin": ("/limits", {}),
    "sign-in": ("/accounts/login/", {}),
    "signing in": ("/accounts/login/", form(login="ada@acme.example", password="x")),
    "signing out": ("/accounts/logout/", form()),
    "upload": ("/upload", form(visibility="private") | {"files": {"file": ("a.txt", b"text")}}),
    "new folder": ("/folders/new", form(name="new")),
    "reset": ("/accounts/password/reset/", form(email="ada@acme.example")),
    "private name": ("/private/x/y", {}),
    "no route": ("/no/such/page", {}),
}


@pytest.fixture(params=["0", "2"], ids=["without a pool", "with a pool"])
def visitors(
    request: pytest.FixtureRequest, committed: Any, acme: Any, people: Any, tmp_path: Path
) -> Iterator[tuple[Relay, Path, list[Visitor]]]:
    """Lend a way to the database, the log, and visitors who were served a moment ago."""
    ada, olga = committed(
        lambda: (new_session(people["ada"], acme), new_session(people["olga"], None))
    )
    relay, log = Relay(), tmp_path / "log"
    with gunicorn(relay.url, log, *THREADS, DATABASE_POOL_SIZE=request.param) as address:
        at_hosts = [
            Visitor(address, "acme.example", ada),
            Visitor(address, "acme.example", ""),
            Visitor(address, settings.AGENCY_HOST, olga),
            Visitor(address, "nobody.example", ""),
        ]
        yield relay, log, at_hosts


def test_a_database_that_goes_away_is_a_503_on_every_route(visitors):
    relay, log, (ada, stranger, olga, nobody) = visitors
    with relay.open():
        while ada.ask("/readyz").status_code != 200:
            time.sleep(0.2)
        assert [ada.ask("/").status_code, olga.ask("/").status_code] == [200, 200]
    with ThreadPoolExecutor(4) as threads:
        answers = {
            (who.host, bool(who.session_key), name): threads.submit(who.ask, path, **given)
            for who in (ada, stranger, olga, nobody)
            for name, (path, given) in REQUESTS.items()
        }
    found = {
        key: (one.result().status_code, one.result().headers.get("Retry-After"))
        for key, one in answers.items()
    }
    assert {key: answer for key, answer in found.items() if answer != (503, "3")} == {}
    assert (ada.ask("/healthz").status_code, ada.ask("/healthz").text) == (200, "alive\n")
    ready = ada.ask("/readyz")
    assert (ready.status_code, ready.text) == (503, "not ready: the database does not answer\n")
    with relay.open():
        while ada.ask("/readyz").status_code != 200:
            time.sleep(0.2)
        assert [ada.ask("/").status_code, olga.ask("/").status_code] == [200, 200]
    assert all(json.loads(line) for line in log.read_text().splitlines())


@pytest.mark.slow(seconds=20)
def test_a_database_that_takes_calls_and_says_nothing_is_a_503_within_seconds(visitors):
    relay, _, (ada, *_) = visitors
    with relay.open():
        while ada.ask("/readyz").status_code != 200:
            time.sleep(0.2)
    with socket.create_server(("127.0.0.1", relay.port)):
        for who, path in ((ada, "/"), (ada, "/"), (ada, "/accounts/login/")):
            started = time.monotonic()
            assert who.ask(path).status_code == 503
            assert time.monotonic() - started < SECONDS_TO_NOTICE
        assert ada.ask("/healthz").status_code == 200


def test_a_pool_without_a_connection_free_is_a_503_until_there_is_one(
    committed, acme, people, tmp_path
):
    key = committed(lambda: new_session(people["ada"], acme))
    with (
        gunicorn(database_url(), tmp_path / "log", *THREADS, DATABASE_POOL_SIZE="1") as address,
        closing(connected()) as another,
        ThreadPoolExecutor(3) as threads,
    ):
        ada = Visitor(address, "acme.example", key)
        assert ada.ask("/").status_code == 200
        another.execute(f"LOCK TABLE {Session._meta.db_table}")
        waiting = threads.submit(ada.ask, "/")
        while not another.execute("SELECT FROM pg_locks WHERE NOT granted").rowcount:
            time.sleep(0.05)
        ready, page = threads.submit(ada.ask, "/readyz"), threads.submit(ada.ask, "/")
        assert ada.ask("/healthz").status_code == 200
        assert (ready.result().status_code, ready.result().text) == (
            503,
            "not ready: no connection free\n",
        )
        assert (page.result().status_code, page.result().headers["Retry-After"]) == (503, "3")
        another.rollback()
        assert (waiting.result().status_code, ada.ask("/").status_code) == (200, 200)


def fail_to_update(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
    if sql.startswith("UPDATE"):
        raise OperationalError("server closed the connection unexpectedly")
    return execute(sql, parameters, many, context)


def test_a_session_that_cannot_be_saved_is_a_503(acme, globex, people):
    def change_session(request: Any) -> HttpResponse:
        request.session["x"] = "y"
        return HttpResponse()

    request = RequestFactory().get("/")
    request.COOKIES[settings.SESSION_COOKIE_NAME] = new_session(people["ada"], acme)
    handler: Any = convert_exception_to_response(SessionMiddleware(change_session))
    with bind_tenant(acme), connection.execute_wrapper(fail_to_update):
        assert handler(request).status_code == 503
