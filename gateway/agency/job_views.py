"""What runs beside the requests, and whether it does."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenants.errors import NotFound
from tenants.jobs.job_status import (
    count_workers,
    describe_failure,
    find_run_command,
    find_states,
    list_statuses,
)
from tenants.jobs.kinds import list_kinds
from tenants.jobs.next_runs import find_next_runs
from tenants.people.identity import require_staff
from tenants.people.models import AgencyRole

STATES_PER_PAGE = 50


@require_safe
def show_jobs(request: HttpRequest) -> HttpResponse:
    """All kinds of jobs: when each last ran, how long it took, what fails or is overdue. Three queries."""
    staff = require_staff(request, *AgencyRole.Role)
    context = {"staff": staff, "statuses": list_statuses(), "workers": count_workers()}
    return render(request, "agency/jobs.html", context)


@require_safe
def show_kind(request: HttpRequest, name: str) -> HttpResponse:
    """One kind of job, tenant by tenant; what fails comes first. Raises NotFound. Four queries."""
    staff = require_staff(request, *AgencyRole.Role)
    kind = next((kind for kind in list_kinds() if kind.name == name), None)
    if kind is None:
        raise NotFound
    page = Paginator(find_states(kind), STATES_PER_PAGE).get_page(request.GET.get("page"))
    states = list(page)
    rows = [
        {
            "state": state,
            "next": next_run,
            "failure": describe_failure(state),
            "run_command": find_run_command(kind, state),
        }
        for state, next_run in zip(states, find_next_runs(kind, states), strict=True)
    ]
    context = {"staff": staff, "kind": kind, "page": page, "rows": rows}
    return render(request, "agency/job_kind.html", context)
