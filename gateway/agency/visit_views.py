"""On the agency's host: ask to enter a tenant, see how it stands, go there."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from media_core.visits import flow
from media_core.visits.forms import EnterForm
from media_core.visits.origins import find_tenant_origin
from tenants.middleware import build_content_security_policy
from tenants.people import visits
from tenants.people.identity import Staff, make_visitor, require_staff
from tenants.people.models import AgencyRole
from tenants.people.visit_models import TICKET_LIFETIME, VISIT_LIFETIME, Visit

OPERATOR = AgencyRole.Role.OPERATOR


@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """Ask to enter a tenant; with the operator's own visits there that are not over."""
    staff = require_staff(request, OPERATOR)
    tenant = flow.find_tenant_to_enter(tenant_id)
    form = EnterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        visit = flow.ask_to_enter(operator=staff, tenant=tenant, **form.cleaned_data)
        return redirect("agency_visits:visit", visit.id)
    own = Visit.objects.not_over().filter(tenant=tenant, person=staff.person_id)
    context = {
        "staff": staff,
        "to": tenant,
        "form": form,
        "own": own,
        "minutes": get_visit_minutes(),
    }
    return render(request, "agency/enter.html", context)


@require_safe
def show_visit(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """How one of the operator's own visits stands."""
    staff = require_staff(request, OPERATOR)
    visit = visits.find_own_visit(visit_id, operator=staff)
    may_enter = Visit.objects.enterable().filter(pk=visit.pk).exists()
    context = {
        "staff": staff,
        "visit": visit,
        "may_enter": may_enter,
        "minutes": get_visit_minutes(),
    }
    return render(request, "agency/visit.html", context)


@require_POST
def show_ticket(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """Answer a page whose one form carries a new ticket to the tenant's host, and nowhere else."""
    staff = require_staff(request, OPERATOR)
    visit, secret = flow.issue_ticket(visit_id, operator=staff)
    origin = find_tenant_origin(visit.tenant, request)
    seconds = int(TICKET_LIFETIME.total_seconds())
    context = {"visit": visit, "ticket": secret, "action": f"{origin}/visit", "seconds": seconds}
    answer = render(request, "agency/ticket.html", context)
    answer.headers["Content-Security-Policy"] = build_content_security_policy(form_action=origin)
    answer.headers["Cache-Control"] = "no-store"
    # The tenant's host asks where the form comes from; "same-origin" would make browsers say "null".
    answer.headers["Referrer-Policy"] = "strict-origin"
    return answer


@require_POST
def end(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """End the operator's own visit, or take the request back."""
    staff: Staff = require_staff(request, OPERATOR)
    visit = visits.find_own_visit(visit_id, operator=staff)
    flow.end(visit, by=make_visitor(visit))
    return redirect("agency_visits:visit", visit.id)


def get_visit_minutes() -> int:
    """Return how long a visit lives, for a page to say."""
    return int(VISIT_LIFETIME.total_seconds() // 60)
