"""The session engine: a session belongs to one host, and is worthless on another."""

import re
from typing import Any, cast
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore

from tenants.binding import room_id
from tenants.people.models import Session

VISIT_KEY = "visit"
KEY = re.compile(r"[0-9a-z]{32}")


class SessionStore(DatabaseSessionStore):
    """Django's database sessions, kept apart by the tenant that is bound.

    Loading is one query, which also brings the person and their roles here (`row`).
    """

    row: Session | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _validate_session_key(self, key: str | None) -> bool:
        # Django takes any text, and a cookie can be any: a NUL would end in an error of the database.
        return bool(KEY.fullmatch(key or ""))

    def _get_session_from_db(self) -> Session | None:
        self.row = Session.objects.opened(self.session_key or "", room_id()).first()
        if self.row is None:
            # Never reuse a key that came from outside and names nothing here.
            self._session_key = None
        return self.row

    def exists(self, session_key: str) -> bool:
        return bool(Session.objects.filter(session_key=session_key).exists())

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast("Session", super().create_model_instance(data))
        person = data.get(SESSION_KEY)
        session.person_id = UUID(person) if person else None
        session.tenant_id = room_id()
        visit = data.get(VISIT_KEY)
        session.visit_id = UUID(visit) if visit else None
        return session

    def delete(self, session_key: str | None = None) -> None:
        Session.objects.filter(
            session_key=session_key or self.session_key, tenant=room_id()
        ).delete()
