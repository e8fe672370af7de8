"""What runs beside the requests, and whether it does."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenants.errors import NotFound
from tenants.jobs.kinds import list_kinds
from tenants.jobs.models import JobState
from tenants.jobs.overview import count_workers, list_statuses
from tenants.people.identity import required_staff
from tenants.people.models import AgencyRole

STATES_PER_PAGE = 50


@require_safe
def show_jobs(request: HttpRequest) -> HttpResponse:
    """All kinds of jobs: when each last ran, how long it took, what fails or is overdue. Three queries."""
    staff = required_staff(request, *AgencyRole.Role)
    context = {"staff": staff, "statuses": list_statuses(), "workers": count_workers()}
    return render(request, "agency/jobs.html", context)


@require_safe
def show_kind(request: HttpRequest, name: str) -> HttpResponse:
    """One kind of job, tenant by tenant; what fails comes first. Raises NotFound. Three queries."""
    staff = required_staff(request, *AgencyRole.Role)
    kind = next((kind for kind in list_kinds() if kind.name == name), None)
    if kind is None:
        raise NotFound
    states = JobState.objects.filter(kind=kind.name).select_related("tenant")
    page = Paginator(states.order_by("-failures", "tenant__name", "key"), STATES_PER_PAGE).get_page(
        request.GET.get("page")
    )
    return render(request, "agency/job_kind.html", {"staff": staff, "kind": kind, "page": page})
