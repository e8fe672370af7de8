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
from tenants.schema_versions import get_schema_version
from tenants.sql_statements import (
    Parameters,
    Statement,
    compile_queryset,
    refuse_leaked_values,
    run_statement,
)

Variant = TypeVar("Variant", bound=Hashable)
BuildQuerySet: TypeAlias = Callable[[Variant, Parameters], QuerySet[Any, Any]]

# The value that a query set takes from the binding by itself.
TENANT_ID = "id of the bound tenant"
PLACEHOLDER_FACTORIES: dict[type, Callable[[], object]] = {
    UUID: uuid.uuid4,
    str: lambda: secrets.token_hex(16),
}


class CompiledQuery(Generic[Variant]):
    """A query set that is compiled once for each shape, and run with other values each time.

    `build(shape, values)` returns it. Whatever changes its SQL belongs into the shape; what is only looked for is a
    value, UUID or str, that `build` passes on. `takes` says their names and types. Raises TypeError, at the first run
    of a shape, when something made up would stay in the SQL, or when a value of `needs` would not be asked for.
    """

    def __init__(
        self,
        build: BuildQuerySet[Variant],
        takes: Mapping[str, type],
        *,
        needs: frozenset[str] = frozenset({TENANT_ID}),
    ) -> None:
        self._build, self._takes, self._needs = build, takes, needs
        self._statements: dict[Variant, Statement] = {}

    def get_statement(self, shape: Variant) -> Statement:
        """Return the statement of this shape. No query."""
        known = self._statements.get(shape)
        if known is None:
            # In a thread of its own, so with a connection of its own: a made-up tenant is never bound on this one.
            with ThreadPoolExecutor(1) as aside:
                known = self._statements[shape] = aside.submit(self._compile, shape).result()
        return known

    def build_parameters(self, shape: Variant, values: Parameters) -> list[Any]:
        """Return what to send with the statement of this shape, for these values and the bound tenant."""
        text = self.get_statement(shape)
        if TENANT_ID in text.names:
            values = {**values, TENANT_ID: bound_tenant_even_suspended().id}
        return text.build_parameters(values)

    def fetch_rows(self, shape: Variant, values: Parameters) -> list[tuple[Any, ...]]:
        """Return the rows that are found, as the database gives them. One query."""
        return run_statement(self.get_statement(shape).sql, self.build_parameters(shape, values))

    def _compile(self, shape: Variant) -> Statement:
        made_up = {name: PLACEHOLDER_FACTORIES[kind]() for name, kind in self._takes.items()}
        tenant = Tenant(
            id=uuid.uuid4(),
            location_prefix=f"{secrets.token_hex(8)}/",
            schema_version=get_schema_version(),
        )
        with closing(connection), bind_tenant(tenant):
            rows = self._build(shape, made_up)
            text = compile_queryset(rows, {**made_up, TENANT_ID: tenant.id})
        refuse_leaked_values(text, [tenant.schema_name[2:], tenant.location_prefix[:-1]])
        if missing := self._needs.difference(text.names):
            raise TypeError(f"The statement does not ask for: {', '.join(sorted(missing))}.")
        return text
