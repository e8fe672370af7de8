"""Who belongs where: memberships and agency roles, added and taken away."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from tenants.errors import MembershipNotFound, PersonRefused
from tenants.models import Tenant
from tenants.names import checked_human_name
from tenants.people.models import AgencyRole, Membership, Person, Role, Session


def find_or_create_person(email: str, name: str = "") -> tuple[Person, bool]:
    """Return the person of this address, and whether they are new. A known person keeps their name."""
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise PersonRefused(f"{email!r} is no e-mail address.") from error
    known = Person.objects.filter(email=address).first()
    if known:
        return known, False
    return Person.objects.create_person(address, checked_human_name(name or address)), True


def set_role(tenant: Tenant, person: Person, role: Role) -> bool:
    """Give the person this role in the tenant; return whether they are a new member."""
    _, is_new = Membership.objects.update_or_create(person=person, tenant=tenant, defaults={"role": role})
    return is_new


def remove_member(tenant: Tenant, email: str) -> None:
    """End a membership and every session of that person on the tenant's hosts."""
    with transaction.atomic():
        gone, _ = Membership.objects.filter(tenant=tenant, person__email=email.strip().lower()).delete()
        if not gone:
            raise MembershipNotFound(f"{email!r}: `manage.py tenant show` lists the members.")
        Session.objects.filter(tenant=tenant, person__email=email.strip().lower()).delete()


def add_agency_role(person: Person, role: AgencyRole.Role) -> bool:
    """Give the person a role at the agency; return whether it is new."""
    return AgencyRole.objects.get_or_create(person=person, role=role)[1]


def remove_agency_role(email: str, role: AgencyRole.Role) -> None:
    """Take a role at the agency away, and the person's sessions there."""
    with transaction.atomic():
        gone, _ = AgencyRole.objects.filter(person__email=email.strip().lower(), role=role).delete()
        if not gone:
            raise MembershipNotFound(f"{email!r} has no role {role!r} at the agency.")
        Session.objects.filter(tenant=None, person__email=email.strip().lower()).delete()
