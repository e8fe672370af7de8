"""SQL that Django's ORM writes once and that then runs often: on a hot way, writing it costs more than all the rest.

The query set stays the only source: who changes it changes what is sent. Nothing of a tenant is remembered, because
the SQL is written with made-up values, under a made-up tenant.
"""

import secrets
import uuid
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from tenants.binding import bind_tenant, bound_tenant_even_suspended, connection
from tenants.models import Tenant
from tenants.texts import Text, Values, refuse_leftovers, run, text_of_rows
from tenants.versions import schema_version

Shape = TypeVar("Shape", bound=Hashable)
Build: TypeAlias = Callable[[Shape, Values], QuerySet[Any, Any]]

# The value that a query set takes from the binding by itself.
TENANT = "id of the bound tenant"
MADE_UP: dict[type, Callable[[], object]] = {UUID: uuid.uuid4, str: lambda: secrets.token_hex(16)}


class Compiled(Generic[Shape]):
    """A query set that is compiled once for each shape, and run with other values each time.

    `build(shape, values)` returns it. Whatever changes its SQL belongs into the shape; what is only looked for is a
    value, UUID or str, that `build` passes on. `takes` says their names and types. Raises TypeError, at the first run
    of a shape, when something made up would stay in the SQL, or when a value of `needs` would not be asked for.
    """

    def __init__(
        self,
        build: Build[Shape],
        takes: Mapping[str, type],
        *,
        needs: frozenset[str] = frozenset({TENANT}),
    ) -> None:
        self._build, self._takes, self._needs = build, takes, needs
        self._texts: dict[Shape, Text] = {}

    def text(self, shape: Shape) -> Text:
        """Return the statement of this shape. No query."""
        known = self._texts.get(shape)
        if known is None:
            # In a thread of its own, so with a connection of its own: a made-up tenant is never bound on this one.
            with ThreadPoolExecutor(1) as aside:
                known = self._texts[shape] = aside.submit(self._written, shape).result()
        return known

    def parameters(self, shape: Shape, values: Values) -> list[Any]:
        """Return what to send with the statement of this shape, for these values and the bound tenant."""
        text = self.text(shape)
        if TENANT in text.names:
            values = {**values, TENANT: bound_tenant_even_suspended().id}
        return text.filled(values)

    def rows(self, shape: Shape, values: Values) -> list[tuple[Any, ...]]:
        """Return the rows that are found, as the database gives them. One query."""
        return run(self.text(shape).sql, self.parameters(shape, values))

    def _written(self, shape: Shape) -> Text:
        made_up = {name: MADE_UP[kind]() for name, kind in self._takes.items()}
        tenant = Tenant(
            id=uuid.uuid4(),
            location_prefix=f"{secrets.token_hex(8)}/",
            schema_version=schema_version(),
        )
        with closing(connection), bind_tenant(tenant):
            rows = self._build(shape, made_up)
            text = text_of_rows(rows, {**made_up, TENANT: tenant.id})
        refuse_leftovers(text, [tenant.schema_name[2:], tenant.location_prefix[:-1]])
        if missing := self._needs.difference(text.names):
            raise TypeError(f"The statement does not ask for: {', '.join(sorted(missing))}.")
        return text
