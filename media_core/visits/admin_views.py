"""What a tenant's admins see of agency staff and of everything that was done, and what they say to visits."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from media_core.audit.models import AuditEvent
from media_core.documents.permissions import Admin, require_admin
from media_core.visits import flow
from tenants.binding import bound_tenant
from tenants.models import Tenant
from tenants.people.identity import require_member
from tenants.people.visit_models import Visit

EVENTS_PER_PAGE = 50
VISITS_PER_PAGE = 50


def identify_admin(request: HttpRequest) -> Admin:
    """Return who asks when they settle the bound tenant."""
    return require_admin(require_member(request))


@require_safe
def list_activity(request: HttpRequest) -> HttpResponse:
    """Who did what in this tenant, newest first, visits of agency staff included."""
    admin = identify_admin(request)
    page = Paginator(AuditEvent.objects.all(), EVENTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "visits/activity.html", {"member": admin, "page": page})


@require_safe
def list_visits(request: HttpRequest) -> HttpResponse:
    """Requests that wait, visits that go on, and all there ever were."""
    admin, tenant = identify_admin(request), bound_tenant()
    here = Visit.objects.filter(tenant=tenant)
    context = {
        "member": admin,
        # From the row: what this process remembers of the tenant may be some seconds old.
        "requires_consent": Tenant.objects.filter(pk=tenant.pk, requires_consent=True).exists(),
        "current": here.not_over(),
        "page": Paginator(here, VISITS_PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "visits/visits.html", context)


@require_POST
def agree(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    visit = flow.agree(visit_id, admin=identify_admin(request))
    messages.success(request, f"{visit.visitor} may enter now.")
    return redirect("visits:visits")


@require_POST
def refuse(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    visit = flow.refuse(visit_id, admin=identify_admin(request))
    messages.success(request, f"{visit.visitor} may not enter.")
    return redirect("visits:visits")


@require_POST
def end(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    visit = flow.end_by_admin(visit_id, admin=identify_admin(request))
    messages.success(request, f"The visit of {visit.visitor} is over.")
    return redirect("visits:visits")


@require_POST
def set_consent(request: HttpRequest) -> HttpResponse:
    """Switch whether agency staff wait for an admin's consent."""
    required = request.POST.get("required") == "yes"
    flow.set_consent_required(admin=identify_admin(request), required=required)
    said = "now need your consent to enter." if required else "may enter without your consent now."
    messages.success(request, f"Agency staff {said}")
    return redirect("visits:visits")
