"""What every page of a tenant says of agency staff: to a visitor that they are one, to admins who visits."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from tenants.binding import bound_tenant
from tenants.compiled_queries import CompiledQuery
from tenants.models import Tenant
from tenants.people.identity import VisitFacts, find_member
from tenants.people.models import Role
from tenants.people.visit_models import Visit
from tenants.sql_statements import Parameters


@dataclass(frozen=True, slots=True)
class PageIdentity:
    """Who looks at a tenant's page, as far as its frame must know."""

    name: str = ""
    role: str = ""
    is_admin: bool = False
    visit: VisitFacts | None = None
    visiting: list[str] = field(default_factory=list)
    asking: list[str] = field(default_factory=list)


def add_page_identity(request: HttpRequest) -> dict[str, object]:
    """Return `asker` for every template. Nothing is asked until a page uses it; then an admin's page costs one query.

    No view may call anything of its own so: its page would lose the notice of visits.
    """
    return {"asker": SimpleLazyObject(lambda: build_page_identity(request))}


def build_page_identity(request: HttpRequest) -> PageIdentity:
    """Return what the page's frame says to who asks; to a stranger nothing."""
    member = find_member(request)
    if member is None:
        return PageIdentity()
    if member.role != Role.ADMIN:
        return PageIdentity(member.name, member.role, visit=member.visit)
    visiting, asking = VISIT_NOTICES.fetch_rows(None, {})[0]
    return PageIdentity(member.name, member.role, is_admin=True, visiting=visiting, asking=asking)


def build_visit_notices_query(_: None, _values: Parameters) -> QuerySet[Tenant, Any]:
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


VISIT_NOTICES = CompiledQuery(build_visit_notices_query, {})
