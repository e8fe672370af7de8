"""Who asks. Decided once per request: on a tenant's host, whoever is no member is anonymous."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from tenants.binding import AGENCY, get_binding
from tenants.errors import RoleRequired, SignInRequired
from tenants.people.models import AgencyRole, Person, Role
from tenants.people.sessions import OpenSession
from tenants.people.visit_models import Visit


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """Why, until when and how far somebody of the agency is in the bound tenant."""

    id: UUID
    reason: str
    ends_at: datetime
    may_write: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A signed-in person with their role in the bound tenant: what permissions are decided on.

    With a visit it is no member but somebody of the agency, who has the visit's role only: never admin.
    """

    person_id: UUID
    name: str
    role: Role
    visit: VisitFacts | None = None


@dataclass(frozen=True, slots=True)
class Staff:
    """A signed-in person with their roles at the agency."""

    person_id: UUID
    name: str
    roles: frozenset[str]


class PersonMiddleware:
    """Sets `request.user`: the person when they belong to this host, else Django's AnonymousUser.

    One query, when a session cookie came and somebody asks; none otherwise.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = SimpleLazyObject(lambda: find_person(request) or AnonymousUser())  # type: ignore[assignment]  # as Django's own
        return self.get_response(request)


def find_open_session(request: HttpRequest) -> OpenSession | None:
    """Return the session's row when it holds a person who is still who they were and belongs here."""
    if not request.session.get(BACKEND_SESSION_KEY):
        return None
    row: OpenSession | None = getattr(request.session, "open_session", None)
    if row is None or row.person is None or not row.person.is_active or not row.roles:
        return None
    return row if _has_same_password(request, row.person) else None


def _has_same_password(request: HttpRequest, person: Person) -> bool:
    given, current = request.session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash()
    if constant_time_compare(given, current):
        return True
    # A former secret key signs nobody out, and this session does not need it any more.
    if any(
        constant_time_compare(given, known) for known in person.get_session_auth_fallback_hash()
    ):
        request.session[HASH_SESSION_KEY] = current
        return True
    return False


def find_person(request: HttpRequest) -> Person | None:
    """Return the signed-in person who belongs to this host."""
    row = find_open_session(request)
    return row.person if row else None


def find_member(request: HttpRequest) -> Member | None:
    """Return who asks on a tenant's host, or None for an anonymous person."""
    row = find_open_session(request)
    if row is None or row.person is None or get_binding() is AGENCY:
        return None
    role = Role(row.roles[0])
    return (
        make_visitor(row.visit, role) if row.visit else Member(row.person.id, str(row.person), role)
    )


def make_visitor(visit: Visit, role: Role = Role.VIEWER) -> Member:
    """Return a person of the agency as they appear in the tenant. With end and role once they have entered."""
    facts = (
        VisitFacts(visit.id, visit.reason, visit.ends_at, visit.may_write)
        if visit.ends_at
        else None
    )
    return Member(visit.person_id, visit.visitor, role, facts)


def require_member(request: HttpRequest) -> Member:
    """Return who asks; an anonymous person is sent to sign in (SignInRequired)."""
    member = find_member(request)
    if member is None:
        raise SignInRequired
    return member


def require_staff(request: HttpRequest, *roles: AgencyRole.Role) -> Staff:
    """Return who asks on the agency's host when they have one of `roles`."""
    row = find_open_session(request)
    if row is None or row.person is None or get_binding() is not AGENCY:
        raise SignInRequired
    staff = Staff(row.person.id, str(row.person), frozenset(row.roles))
    if not staff.roles.intersection(roles):
        raise RoleRequired
    return staff
