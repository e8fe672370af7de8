"""Who may sign in here: a member on a tenant's host, agency staff on the agency's."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest

from tenants.binding import get_bound_tenant_id
from tenants.people.models import AgencyRole, Membership, Person


class MemberBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth ships no types
    """allauth's check of e-mail and password, and then of belonging.

    A right password of somebody who does not belong here is answered like a wrong one: nobody can learn on
    acme's host that a person exists who belongs to globex.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Person | None:
        person: Person | None = super().authenticate(request, **credentials)
        # allauth keeps an inactive person aside and tells them so; here that too is answered like a wrong password.
        self.unstash_authenticated_user()
        return person if person and belongs_here(person) else None


def belongs_here(person: Person) -> bool:
    """Return whether the person has a role on the bound host. One query."""
    tenant_id = get_bound_tenant_id()
    if tenant_id is None:
        return AgencyRole.objects.filter(person=person).exists()
    return Membership.objects.filter(person=person, tenant=tenant_id).exists()
