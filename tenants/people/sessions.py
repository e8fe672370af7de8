"""The session engine: a session belongs to one host, and is worthless on another."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, cast
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db.models import QuerySet

from tenants.binding import AGENCY, bound_tenant_even_suspended, get_binding, get_bound_tenant_id
from tenants.compiled_queries import CompiledQuery
from tenants.people.models import Person, Session
from tenants.people.visit_models import Visit
from tenants.sql_statements import Parameters, list_columns

VISIT_KEY = "visit"
SESSION_KEY_PATTERN = re.compile(r"[0-9a-z]{32}")


PERSON_FIELDS: Final = list_columns(Person)
VISIT_FIELDS: Final = list_columns(
    Visit, "id", "person_id", "person_name", "reason", "ends_at", "may_write"
)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A live session of the bound host: whose it is, and their roles here now. With a visit, the visit's role."""

    session_data: str
    roles: list[str]
    person: Person | None
    visit: Visit | None

    @classmethod
    def from_row(cls, session_data: str, roles: list[str], *rest: Any) -> Self:
        person, visit = rest[: len(PERSON_FIELDS)], rest[len(PERSON_FIELDS) :]
        return cls(
            session_data,
            roles,
            person=_load_instance(Person, PERSON_FIELDS, person),
            visit=_load_instance(Visit, VISIT_FIELDS, visit),
        )


def _load_instance(model: Any, fields: tuple[str, ...], values: Sequence[Any]) -> Any:
    there = values[fields.index("id")] is not None
    return model.from_db("default", fields, values) if there else None


def build_open_session_query(at_the_agency: bool, values: Parameters) -> QuerySet[Session, Any]:  # noqa: FBT001 - the statement's shape
    """Return what a request asks of its session, in the order of OpenedSession."""
    tenant_id = None if at_the_agency else bound_tenant_even_suspended().id
    rows: QuerySet[Session, Any] = Session.objects.open(values["session_key"], tenant_id)
    return rows.values_list(
        "session_data",
        "roles",
        *(f"person__{name}" for name in PERSON_FIELDS),
        *(f"visit__{name}" for name in VISIT_FIELDS),
    )


OPEN_SESSION_QUERY: Final = CompiledQuery(
    build_open_session_query, {"session_key": str}, needs=frozenset({"session_key"})
)


class SessionStore(DatabaseSessionStore):
    """Django's database sessions, kept apart by the tenant that is bound.

    Loading is one query, which also brings the person and their roles here (`open_session`).
    """

    open_session: OpenSession | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _validate_session_key(self, key: str | None) -> bool:
        # Django takes any text, and a cookie can be any: a NUL would end in an error of the database.
        return bool(SESSION_KEY_PATTERN.fullmatch(key or ""))

    def _get_session_from_db(self) -> OpenSession | None:
        found = OPEN_SESSION_QUERY.fetch_rows(
            get_binding() is AGENCY, {"session_key": self.session_key or ""}
        )
        self.open_session = OpenSession.from_row(*found[0]) if found else None
        if self.open_session is None:
            # Never reuse a key that came from outside and names nothing here.
            self._session_key = None
        return self.open_session

    def exists(self, session_key: str) -> bool:
        return bool(Session.objects.filter(session_key=session_key).exists())

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast("Session", super().create_model_instance(data))
        person = data.get(SESSION_KEY)
        session.person_id = UUID(person) if person else None
        session.tenant_id = get_bound_tenant_id()
        visit = data.get(VISIT_KEY)
        session.visit_id = UUID(visit) if visit else None
        return session

    def delete(self, session_key: str | None = None) -> None:
        Session.objects.filter(
            session_key=session_key or self.session_key, tenant=get_bound_tenant_id()
        ).delete()
