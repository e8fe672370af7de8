"""SQL that Django's ORM writes once and that then runs often: on a hot way, writing it costs more than all the rest.

The query set stays the only source: who changes it changes what is sent. Nothing of a tenant is remembered, because
the SQL is written with made-up values, under a made-up tenant.
"""

import secrets
import uuid
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from tenants.binding import bind_tenant, bound_tenant_even_suspended, connection
from tenants.models import Tenant

Shape = TypeVar("Shape", bound=Hashable)
Values: TypeAlias = Mapping[str, Any]
Build: TypeAlias = Callable[[Shape, Values], QuerySet[Any, Any]]

# The value that a query set takes from the binding by itself.
TENANT = "id of the bound tenant"
MADE_UP: dict[type, Callable[[], object]] = {UUID: uuid.uuid4, str: lambda: secrets.token_hex(16)}
# What is written into a query set stays as it is; a moment or an id in it would be one that has passed by.
LASTING = (str, int, bool, timedelta, type(None))


@dataclass(frozen=True, slots=True)
class Text:
    """One statement: its SQL, and for each placeholder the name of a value, or what always stands there."""

    sql: str
    names: tuple[str | None, ...]
    constants: tuple[object, ...]

    def filled(self, values: Values) -> list[object]:
        """Return the parameters, with these values where their names stand."""
        return [
            constant if name is None else values[name]
            for name, constant in zip(self.names, self.constants, strict=True)
        ]


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

    def parameters(self, shape: Shape, values: Values) -> list[object]:
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
        tenant = Tenant(id=uuid.uuid4(), location_prefix=f"{secrets.token_hex(8)}/")
        with closing(connection), bind_tenant(tenant):
            sql, parameters = self._build(shape, made_up).query.sql_with_params()
        text = text_of(sql, parameters, {**made_up, TENANT: tenant.id})
        of_the_tenant = [tenant.id, tenant.schema_name[2:], tenant.location_prefix[:-1]]
        refuse_leftovers(text, [*made_up.values(), *of_the_tenant])
        if missing := self._needs.difference(text.names):
            raise TypeError(f"The statement does not ask for: {', '.join(sorted(missing))}.")
        return text


def run(sql: str, parameters: list[object]) -> list[tuple[Any, ...]]:
    """Return the rows of one statement, asked by way of the binding."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def columns_of(model: type[Model], *only: str) -> tuple[str, ...]:
    """Return the names of a model's columns, or of `only` these, in the order in which `from_db` takes their values."""
    names = [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 - Django's documented API
    if unknown := set(only).difference(names):
        raise TypeError(f"{model.__name__} has no {', '.join(sorted(unknown))}.")
    return tuple(name for name in names if name in only or not only)


def text_of(sql: str, parameters: tuple[object, ...], made_up: Values) -> Text:
    """Return the statement with the made-up parameters known by name."""
    name_of = {value: name for name, value in made_up.items()}
    names = tuple(
        name_of.get(value) if isinstance(value, UUID | str) else None for value in parameters
    )
    constants = tuple(
        value if name is None else None for name, value in zip(names, parameters, strict=True)
    )
    return Text(sql, names, constants)


def refuse_leftovers(text: Text, made_up: list[object]) -> None:
    """Refuse (TypeError) a statement that would keep something of the one for which it was written."""
    if fleeting := [value for value in text.constants if not isinstance(value, LASTING)]:
        raise TypeError(f"Only a value may stand here, or the database's own Now(): {fleeting}.")
    kept = " ".join([text.sql, *map(str, text.constants)])
    for value in made_up:
        if str(value) in kept or (isinstance(value, UUID) and value.hex in kept):
            raise TypeError("A value stands in the SQL where no other can take its place.")
