"""What every page of a tenant says of agency staff: to a visitor that they are one, to admins who visits."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from tenants.binding import bound_tenant
from tenants.compiled import Compiled
from tenants.models import Tenant
from tenants.people.identity import VisitFacts, member_of
from tenants.people.models import Role
from tenants.people.visit_models import Visit
from tenants.texts import Values


@dataclass(frozen=True, slots=True)
class Here:
    """Who looks at a tenant's page, as far as its frame must know."""

    name: str = ""
    role: str = ""
    is_admin: bool = False
    visit: VisitFacts | None = None
    visiting: list[str] = field(default_factory=list)
    asking: list[str] = field(default_factory=list)


def frame(request: HttpRequest) -> dict[str, object]:
    """Return `asker` for every template. Nothing is asked until a page uses it; then an admin's page costs one query.

    No view may call anything of its own so: its page would lose the notice of visits.
    """
    return {"asker": SimpleLazyObject(lambda: here(request))}


def here(request: HttpRequest) -> Here:
    """Return what the page's frame says to who asks; to a stranger nothing."""
    member = member_of(request)
    if member is None:
        return Here()
    if member.role != Role.ADMIN:
        return Here(member.name, member.role, visit=member.visit)
    visiting, asking = NOTICES.rows(None, {})[0]
    return Here(member.name, member.role, is_admin=True, visiting=visiting, asking=asking)


def notices(_: None, _values: Values) -> QuerySet[Tenant, Any]:
    """Return which agency staff visit the bound tenant, and which ask to: admins are told on every page."""
    visits = Visit.objects.order_by("asked_at").filter(tenant=bound_tenant().id)
    return (
        Tenant.objects.filter(pk=bound_tenant().id)
        .order_by()
        .values_list(
            ArraySubquery(visits.under_way().values("person_name")),
            ArraySubquery(visits.waiting().values("person_name")),
        )
    )


NOTICES = Compiled(notices, {})
