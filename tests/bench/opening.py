"""Requests for documents of many tenants in turn, made of the whole application as a server makes them."""

from collections.abc import Callable, Iterable
from itertools import cycle
from urllib.parse import unquote

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from tests.bench.many import Site
from tests.media_core.wsgi import Answer, application, asked

FOUND = 302


def in_turn(sites: Iterable[Site], gateway: WSGIHandler | None = None) -> Callable[[], Answer]:
    """Return what opens the document of the next site, each time it is called."""
    with_handler = gateway or application()
    hosts = cycle(sites)

    def open_next() -> Answer:
        site = next(hosts)
        path = unquote(site.document_path)
        answer = asked(site.host, path, site.session_key, by=with_handler)
        assert answer.status == FOUND, answer
        return answer

    return open_next


def plain_application() -> WSGIHandler:
    """Return the gateway with the queries of tests/bench/plain.py."""
    application()
    middleware = [*settings.MIDDLEWARE, "tests.bench.plain.PlainMiddleware"]
    with override_settings(MIDDLEWARE=middleware, SESSION_ENGINE="tests.bench.plain"):
        return WSGIHandler()
