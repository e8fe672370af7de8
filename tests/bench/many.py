"""As many tenants as a benchmark wants, each with a host, a signed-in member and a document of which the row is stored.

They stay in the database from run to run; only what is missing is made, about 40 ms each.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from uuid import UUID, uuid5

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from tenants.binding import bind_agency, bind_tenant
from tenants.models import Tenant
from tenants.people.members import set_role
from tenants.people.models import Membership, Person, Role, Session
from tenants.people.sessions import SessionStore
from tenants.provisioning import create_tenant
from tenants.schema_versions import get_schema_version
from tests.media_core.conftest import document_row, stored_row

PREFIX = "bench-"
SESSION_LIFETIME = timedelta(hours=2)
FILE_NAME = "Angebot für die Straße 2026.pdf"


@dataclass(frozen=True, slots=True)
class Site:
    """A tenant at its host, with an admin who is signed in and a document that they may open."""

    tenant: Tenant
    member: Person
    host: str
    session_key: str

    @property
    def document_id(self) -> UUID:
        return uuid5(self.tenant.id, "document")

    @property
    def document_path(self) -> str:
        """The permanent address of the document at the tenant's host."""
        return reverse(
            "documents:open", args=[self.document_id, FILE_NAME], urlconf=settings.ROOT_URLCONF
        )


def tenants(count: int) -> list[Site]:
    """Return the first `count` sites. Makes the tables and the tenants that are missing, and signs everybody in."""
    prepare()
    with bind_agency():
        _make_missing(count)
        memberships = Membership.objects.select_related("person", "tenant").filter(
            tenant__location_prefix__in=[f"{_label(number)}/" for number in range(count)]
        )
        sites = [
            Site(row.tenant, row.person, f"{label}.example", _session_key(int(label[-5:])))
            for row in memberships.order_by("tenant__location_prefix")
            for label in [row.tenant.location_prefix.rstrip("/")]
        ]
        _sign_in(sites)
    assert len(sites) == count
    return sites


@cache
def prepare() -> None:
    """Bring the database's tables and the static files up to this code. Twice costs nothing."""
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("migrate_schemas", shared=True, verbosity=0)
    behind = Tenant.objects.exclude(schema_version=get_schema_version())
    for tenant in behind:
        call_command(
            "migrate_schemas", tenant=True, schema_name=tenant.schema_name, verbosity=0
        )  # one by one: only those that are behind


def _label(number: int) -> str:
    return f"{PREFIX}{number:05}"


def _session_key(number: int) -> str:
    """Return a key of this run: sessions are signed with its secret key, and another may run beside it."""
    return sha256(f"{settings.SECRET_KEY} {number}".encode()).hexdigest()[:32]


def _make_missing(count: int) -> None:
    known = set(
        Tenant.objects.filter(location_prefix__startswith=PREFIX).values_list(
            "location_prefix", flat=True
        )
    )
    for number in range(count):
        if f"{_label(number)}/" not in known:
            _make(_label(number))


@transaction.atomic
def _make(label: str) -> None:
    tenant = create_tenant(name=label, location_prefix=f"{label}/", domain=f"{label}.example")
    person = Person.objects.create_person(f"admin@{label}.example", "Ada Bench")
    set_role(tenant, person, Role.ADMIN)
    with bind_tenant(tenant):
        document_row(
            FILE_NAME,
            id=uuid5(tenant.id, "document"),
            name=FILE_NAME,
            original=stored_row(),
        )


def _sign_in(sites: list[Site]) -> None:
    """Give each member a session of this run; remove those of runs that ended long ago."""
    now = timezone.now()
    people = [site.member for site in sites]
    mine = [site.session_key for site in sites]
    Session.objects.filter(
        Q(session_key__in=mine) | Q(person__in=people, expire_date__lt=now)
    ).delete()
    expires = now + SESSION_LIFETIME
    Session.objects.bulk_create(
        Session(
            session_key=site.session_key,
            session_data=SessionStore().encode(_signed_in(site.member)),
            expire_date=expires,
            person=site.member,
            tenant=site.tenant,
        )
        for site in sites
    )


def _signed_in(person: Person) -> dict[str, str]:
    return {
        SESSION_KEY: str(person.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: person.get_session_auth_hash(),
    }
