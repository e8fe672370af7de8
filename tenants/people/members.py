"""Who belongs where: memberships and agency roles, added and taken away."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from tenants.errors import MembershipNotFound, PersonRefused
from tenants.models import Tenant
from tenants.names import MAX_NAME, clean_name
from tenants.people.models import AgencyRole, Membership, Person, Role, Session

# What the column takes; Django's validator lets longer ones pass.
MAX_EMAIL = 254


@dataclass(frozen=True, slots=True)
class AddedPerson:
    """Who was added: whether the person is new, and whether they are new in this place."""

    person: Person
    is_new_person: bool
    is_new_here: bool


def add_member(
    *, tenant: Tenant, email: str, role: Role, name: str = "", password: str | None = None
) -> AddedPerson:
    """Let a person, who may be new, belong to the tenant with this role: all of it, or nothing."""
    with transaction.atomic():
        person, is_new = find_or_create_person(email, name, password=password)
        return AddedPerson(person, is_new, set_role(tenant, person, role))


def add_colleague(
    *, email: str, role: AgencyRole.Role, name: str = "", password: str | None = None
) -> AddedPerson:
    """Give a person, who may be new, a role at the agency: all of it, or nothing."""
    with transaction.atomic():
        person, is_new = find_or_create_person(email, name, password=password)
        return AddedPerson(person, is_new, add_agency_role(person, role))


def find_or_create_person(
    email: str, name: str = "", *, password: str | None = None
) -> tuple[Person, bool]:
    """Return the person of this address, and whether they are new. A known person keeps their name.

    Only a new person takes a password from here: nobody changes somebody else's.
    """
    address = clean_email(email)
    known = Person.objects.filter(email=address).first()
    if known and password is not None:
        raise PersonRefused(
            f"{address!r} is known already, and nobody else sets their password: "
            "add them without one."
        )
    if known:
        return known, False
    return _create_person(address, clean_name(name or address[:MAX_NAME]), password), True


def _create_person(address: str, name: str, password: str | None) -> Person:
    if password is not None:
        require_good_password(password, Person(email=address, name=name))
    try:
        with transaction.atomic():
            return Person.objects.create_person(address, name, password)
    except IntegrityError as error:
        raise PersonRefused(
            f"{address!r} was added by somebody else just now: try again."
        ) from error


def clean_email(email: str) -> str:
    """Return the e-mail address as it is stored: in lower case, without space around it."""
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise PersonRefused(
            f"{email!r} is no e-mail address: write it like 'ada@acme.example'."
        ) from error
    if len(address) > MAX_EMAIL:
        raise PersonRefused(
            f"{email[:40]!r}… has {len(address)} characters; {MAX_EMAIL} is the most."
        )
    return address


def require_good_password(password: str, person: Person) -> None:
    """Refuse what AUTH_PASSWORD_VALIDATORS refuse. No error has the password in it."""
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise PersonRefused(f"{person.email!r}: {' '.join(error.messages)}") from error


def parse_role(text: str) -> Role:
    """Return the role of this name, for a member of a tenant."""
    if text not in Role.values:
        raise PersonRefused(
            f"{text!r} is no role in a tenant: give one of {', '.join(Role.values)}."
        )
    return Role(text)


def parse_agency_role(text: str) -> AgencyRole.Role:
    """Return the role of this name, for somebody at the agency."""
    if text not in AgencyRole.Role.values:
        known = ", ".join(AgencyRole.Role.values)
        raise PersonRefused(f"{text!r} is no role at the agency: give one of {known}.")
    return AgencyRole.Role(text)


def set_role(tenant: Tenant, person: Person, role: Role) -> bool:
    """Give the person this role in the tenant; return whether they are a new member."""
    _, is_new = Membership.objects.update_or_create(
        person=person, tenant=tenant, defaults={"role": role}
    )
    return is_new


def change_role(tenant: Tenant, email: str, role: Role) -> None:
    """Give a member another role. It counts from their next request on."""
    address = email.strip().lower()
    if not Membership.objects.filter(tenant=tenant, person__email=address).update(role=role):
        raise MembershipNotFound(f"{email!r}: `manage.py tenant show` lists the members.")


def list_active_admins(tenant_id: UUID | None) -> QuerySet[Membership]:
    """Return the memberships of those who may settle the tenant now."""
    return Membership.objects.filter(tenant=tenant_id, role=Role.ADMIN, person__is_active=True)


def has_admin(tenant: Tenant) -> bool:
    """Return whether somebody is left who may settle the tenant."""
    return list_active_admins(tenant.id).exists()


def remove_member(tenant: Tenant, email: str) -> None:
    """End a membership and every session of that person on the tenant's hosts."""
    with transaction.atomic():
        gone, _ = Membership.objects.filter(
            tenant=tenant, person__email=email.strip().lower()
        ).delete()
        if not gone:
            raise MembershipNotFound(f"{email!r}: `manage.py tenant show` lists the members.")
        Session.objects.filter(tenant=tenant, person__email=email.strip().lower()).delete()


def add_agency_role(person: Person, role: AgencyRole.Role) -> bool:
    """Give the person a role at the agency; return whether it is new."""
    return AgencyRole.objects.get_or_create(person=person, role=role)[1]


def remove_agency_role(email: str, role: AgencyRole.Role) -> None:
    """Take a role at the agency away, and the person's sessions and visits with it."""
    with transaction.atomic():
        gone, _ = AgencyRole.objects.filter(person__email=email.strip().lower(), role=role).delete()
        if not gone:
            raise PersonRefused(
                f"{email!r} is no {role} at the agency: `manage.py agency list` shows who is."
            )
        # Their visits to tenants too: a role that comes back must not bring them back.
        theirs = Session.objects.filter(person__email=email.strip().lower())
        theirs.filter(Q(tenant=None) | Q(visit__isnull=False)).delete()


def list_active_owners() -> QuerySet[AgencyRole]:
    """Return the roles of those who own the agency now."""
    return AgencyRole.objects.filter(role=AgencyRole.Role.OWNER, person__is_active=True)


def has_owner() -> bool:
    """Return whether somebody is left who owns the agency."""
    return list_active_owners().exists()
