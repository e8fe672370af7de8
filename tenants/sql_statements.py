"""One SQL statement as Django's ORM wrote it, with named places for what changes from run to run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet

Parameters: TypeAlias = Mapping[str, Any]

# What is written into a query set stays as it is; a moment or an id in it would be one that has passed by.
SAFE_LITERAL = re.compile(r"[A-Za-z0-9_ ]*")
CONSTANT_TYPES = (str, int, bool, timedelta, type(None))


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its SQL, and for each placeholder the name of a value, or what always stands there."""

    sql: str
    names: tuple[str | None, ...]
    constants: tuple[object, ...]

    def build_parameters(self, values: Parameters) -> list[Any]:
        """Return the parameters, with these values where their names stand."""
        return [
            constant if name is None else values[name]
            for name, constant in zip(self.names, self.constants, strict=True)
        ]


def compile_queryset(rows: QuerySet[Any, Any], made_up: Parameters) -> Statement:
    """Return the statement of a query set that was built with made-up values. No query.

    Raises TypeError when one of them would stay in it.
    """
    sql, parameters = rows.query.sql_with_params()
    text = compile_statement(sql, parameters, made_up)
    refuse_leaked_values(text, list(made_up.values()))
    return text


def run_statement(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    """Return the rows of one statement, on the connection as it stands."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def list_columns(model: type[Model], *only: str) -> tuple[str, ...]:
    """Return the names of a model's columns, or of `only` these, in the order in which `from_db` takes their values."""
    names = [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 - Django's documented API
    if unknown := set(only).difference(names):
        raise TypeError(f"{model.__name__} has no {', '.join(sorted(unknown))}.")
    return tuple(name for name in names if name in only or not only)


def compile_statement(sql: str, parameters: tuple[object, ...], made_up: Parameters) -> Statement:
    """Return the statement with the made-up parameters known by name."""
    name_of = {value: name for name, value in made_up.items()}
    names = tuple(
        name_of.get(value) if isinstance(value, UUID | str) else None for value in parameters
    )
    constants = tuple(
        value if name is None else None for name, value in zip(names, parameters, strict=True)
    )
    return inline_constants(Statement(sql, names, constants))


def inline_constants(text: Statement) -> Statement:
    """Return the statement with what always stands there written into its SQL: psycopg need not adapt it each time.

    Only numbers, and text that is the same quoted or not; the rest stays a parameter.
    """
    parts = text.sql.split("%s")
    if "%%" in text.sql or len(parts) != len(text.names) + 1:
        return text
    sql, names, constants = parts[0], [], []
    for name, constant, after in zip(text.names, text.constants, parts[1:], strict=True):
        literal = None if name else _format_literal(constant)
        if literal is None:
            names.append(name)
            constants.append(constant)
        sql += f"{literal or '%s'}{after}"
    return Statement(sql, tuple(names), tuple(constants))


def _format_literal(constant: object) -> str | None:
    if isinstance(constant, int) and not isinstance(constant, bool) and constant >= 0:
        return str(int(constant))
    if isinstance(constant, str) and SAFE_LITERAL.fullmatch(constant):
        return f"'{str.__str__(constant)}'"
    return None


def refuse_leaked_values(text: Statement, made_up: list[object]) -> None:
    """Refuse (TypeError) a statement that would keep something of the one for which it was written."""
    if fleeting := [value for value in text.constants if not isinstance(value, CONSTANT_TYPES)]:
        raise TypeError(f"Only a value may stand here, or the database's own Now(): {fleeting}.")
    kept = " ".join([text.sql, *map(str, text.constants)])
    for value in made_up:
        if str(value) in kept or (isinstance(value, UUID) and value.hex in kept):
            raise TypeError("A value stands in the SQL where no other can take its place.")
