"""People who never were: made inside a transaction that is always rolled back, to ask as members and staff."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction

from tenants.binding import bind_agency, bind_tenant
from tenants.models import Tenant
from tenants.people.members import add_agency_role, set_role
from tenants.people.models import AgencyRole, Person, Role
from tenants.people.sessions import SessionStore

PROVER_NAME = "Isolation prover"


@contextmanager
def roll_back_always() -> Iterator[None]:
    """Let nothing of the block stay: it is rolled back, however it ends."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """Keys of sessions, by whose they are and where. All of one tenant's proof, gone with its transaction."""

    # An admin of the tenant, at its host.
    owner: str = field(repr=False)
    # Somebody with a session there who is no member.
    removed: str = field(repr=False)
    # Everything at once at the agency, at the agency's host.
    staff: str = field(repr=False)
    # An admin of each neighbour, at the neighbour's host.
    strangers: dict[Tenant, str] = field(repr=False)


def make_sessions(tenant: Tenant, neighbours: list[Tenant]) -> SessionKeys:
    """Return sessions of people made for this proof. Belongs into `roll_back_always`. Some 20 statements."""
    owner, stranger, staff = _create_person(), _create_person(), _create_person()
    set_role(tenant, owner, Role.ADMIN)
    for other in neighbours:
        set_role(other, stranger, Role.ADMIN)
    for role in AgencyRole.Role:
        add_agency_role(staff, role)
    return SessionKeys(
        owner=_create_session(owner, tenant),
        removed=_create_session(stranger, tenant),
        staff=_create_session(staff, None),
        strangers={other: _create_session(stranger, other) for other in neighbours},
    )


def _create_person() -> Person:
    # Without a password nobody signs in, and none is hashed.
    return Person.objects.create_person(f"{uuid4().hex}@prover.invalid", PROVER_NAME)


def _create_session(person: Person, at: Tenant | None) -> str:
    """Return the key of a session as signing in makes it, on a tenant's host or the agency's."""
    with bind_tenant(at, even_suspended=True) if at else bind_agency():
        store = SessionStore()
        store[SESSION_KEY] = str(person.pk)
        store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        store[HASH_SESSION_KEY] = person.get_session_auth_hash()
        store.save()
    return store.session_key or ""
