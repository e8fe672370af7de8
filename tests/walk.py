"""The isolation walk: every route of a host, every method, asked by everybody who has no business there."""

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from itertools import product
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.mutation import walk_filter

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
# What a stranger may see: the pages for signing in. Everything else answers 404, 405 or "sign in".
OPEN_ROUTES = frozenset(
    {
        "account_login",
        "account_logout",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
    }
)
# For every argument of a route something that leads nowhere.
ANYTHING = {
    "document_id": uuid.UUID(int=1),
    "folder_id": uuid.UUID(int=1),
    "visit_id": uuid.UUID(int=1),
    "tenant_id": uuid.UUID(int=1),
    "attestation_id": uuid.UUID(int=1),
    "operation_id": uuid.UUID(int=1),
    "entry_id": uuid.UUID(int=1),
    # The version that every document has.
    "number": 1,
    "report_id": 1,
    "name": "x",
    "uidb36": "1",
    "key": "k",
}
CLOSED = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


# What stands in addresses of files on disk when nobody knows one: tests/test_isolation_files.py knows some.
UNKNOWN = {"token": "t", "file_name": "x"}


@dataclass(frozen=True)
class Route:
    """One pattern of a host's routes: its name and how its path is written."""

    name: str
    pattern: str
    arguments: tuple[str, ...]

    def path(self, values: dict[str, Any]) -> str:
        """Return the path with these values; an argument nobody has a value for fails the walk."""
        values = {**UNKNOWN, **values}
        missing = set(self.arguments) - set(values)
        assert not missing, (
            f"The walk does not know what to put for {missing} in {self.pattern}: teach it."
        )
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), self.pattern)
        return "/" + re.sub(
            r"\(\?P<(\w+)>[^)]*\)", lambda found: str(values[found[1]]), path
        ).replace("^", "").rstrip("$")


def routes(urlconf: str) -> list[Route]:
    """Return every route that is registered, whoever registered it."""
    return list(_flattened(get_resolver(urlconf), ""))


def requests_for(
    routes: Iterable[Route], methods: Iterable[str] = METHODS
) -> Iterator[tuple[Route, str]]:
    """Yield every route with every method. tests/mutation.py narrows them to those that reach a check."""
    for route, method in product(routes, methods):
        request = f"{method} {route.pattern}"
        if walk_filter.is_asked(request):
            walk_filter.request = request
            yield route, method
    walk_filter.request = ""


def _flattened(resolver: URLResolver, prefix: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _flattened(entry, pattern)
        elif isinstance(entry, URLPattern):
            arguments = tuple(re.findall(r"<(?:\w+:)?(\w+)>", pattern))
            yield Route(entry.name or "", pattern, arguments)


def values(**known: Any) -> dict[str, Any]:
    """Return a value for every argument of every route: these, and for the rest ids of nothing at all."""
    rows = {name: uuid.uuid4() for name, value in ANYTHING.items() if isinstance(value, uuid.UUID)}
    return {**ANYTHING, **rows, **known}


def body_for(route: Route, method: str, there: dict[str, Any]) -> dict[str, Any]:
    """Return a body that would work for somebody who may: a refusal must not be about the form."""
    if method != "post" or route.name in OPEN_ROUTES:
        return {}
    data: dict[str, Any] = {"folder": there["folder_id"], "into": there["folder_id"]}
    if "upload" in route.pattern:
        return {"data": {**data, "file": SimpleUploadedFile("x.pdf", b"x"), "title": "planted"}}
    return {"data": {**data, "name": "planted", "widens_to": 0}}


def asked(client: Client, method: str, path: str, **given: Any) -> HttpResponse:
    response: HttpResponse = getattr(client, method)(path, **given)
    return response


def is_closed(response: HttpResponse) -> bool:
    """Return whether the answer is a 404, a 405 or the way to sign-in."""
    to_sign_in = response.status_code == HTTPStatus.FOUND and response.headers[
        "Location"
    ].startswith("/accounts/login/")
    return to_sign_in or response.status_code in CLOSED


def seen(response: HttpResponse) -> tuple[int, str, bytes]:
    """Return what an asker can compare: status, where it leads, body. `next=` and CSRF tokens are their own."""
    location = re.sub(r"next=[^&]*", "next=", response.headers.get("Location", ""))
    return (
        response.status_code,
        location,
        re.sub(rb'value="/[^"]*"', b'value=""', written(response)),
    )


def written(response: HttpResponse) -> bytes:
    """Return the body without CSRF tokens: they are random, and a short name is in one of them now and then."""
    return re.sub(rb'name="csrfmiddlewaretoken" value="[^"]*"', b"", body_of(response))


def body_of(response: HttpResponse) -> bytes:
    """Return the whole body, also of a file that is sent: a test compares it, and fails, instead of not finding it."""
    return response.getvalue() if response.streaming else response.content


def everything_of(tenant: Tenant) -> list[str]:
    """Return all rows of a tenant's schema."""
    with bind_tenant(tenant, even_suspended=True), connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s",
            [tenant.schema_name],
        )
        found = []
        for (table,) in sorted(cursor.fetchall()):
            cursor.execute(f'SELECT * FROM "{tenant.schema_name}"."{table}"')  # noqa: S608 - names of our own
            found += sorted(f"{table}: {row}" for row in cursor.fetchall())
    return found
