"""The agency's pages: the list of tenants, and what was done. They show no tenant's content."""

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenants.models import AuditEvent, Tenant
from tenants.people.identity import require_staff
from tenants.people.models import AgencyRole

TENANTS_PER_PAGE = 50
EVENTS_PER_PAGE = 50


@require_safe
def show_tenants(request: HttpRequest) -> HttpResponse:
    """All tenants with their hosts, how many people belong to each, and how much each keeps."""
    staff = require_staff(request, *AgencyRole.Role)
    query = request.GET.get("q", "").strip()
    found = Tenant.objects.prefetch_related("domains").annotate(
        members=Count("memberships", distinct=True)
    )
    # A GROUP BY drops the order of the model.
    found = found.select_related("quota").order_by("name", "id")
    if "\0" in query:
        # PostgreSQL's text has no NUL, so nothing has it in its name.
        found = found.none()
    elif query:
        known = (
            Q(name__icontains=query)
            | Q(location_prefix__icontains=query)
            | Q(domains__domain__icontains=query)
        )
        found = found.filter(known).distinct()
    page = Paginator(found, TENANTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "query": query, "staff": staff}
    return render(request, "agency/tenants.html", context)


@require_safe
def show_history(request: HttpRequest) -> HttpResponse:
    """What was done at the agency, or for it at a tenant, newest first. Not for finance: reasons may name content."""
    staff = require_staff(request, AgencyRole.Role.OWNER, AgencyRole.Role.OPERATOR)
    events = AuditEvent.objects.select_related("tenant")
    page = Paginator(events, EVENTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "agency/history.html", {"page": page, "staff": staff})
