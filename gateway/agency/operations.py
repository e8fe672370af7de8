"""On the agency's host: long work, how far it is, and the buttons to pause, resume and cancel it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.errors import OperationRefused
from tenants.jobs.operation_kinds import operation_title
from tenants.jobs.operation_models import Operation
from tenants.jobs.operations import (
    Actor,
    cancel,
    failing_job,
    find_operation,
    pause,
    resume,
)
from tenants.jobs.progress import Progress, human_duration
from tenants.people.identity import Staff, required_staff
from tenants.people.models import AgencyRole

OPERATIONS_PER_PAGE = 25
EVENTS_PER_PAGE = 50
# Who may steer. Finance reads how far things are, and neither log nor buttons.
STEERING = (AgencyRole.Role.OWNER, AgencyRole.Role.OPERATOR)
# How often a page that moves is loaded again.
REFRESH_SECONDS = 3
# A step takes five seconds, and the pause after a failure is shown: when nothing was written for so long, nobody works.
IDLE_SECONDS = 60


@require_safe
def operations(request: HttpRequest) -> HttpResponse:
    """All operations, the newest first. Four queries."""
    staff = required_staff(request, *AgencyRole.Role)
    found = Operation.objects.select_related("tenant")
    page = Paginator(found, OPERATIONS_PER_PAGE).get_page(request.GET.get("page"))
    rows = [_described(operation) for operation in page]
    context = {"staff": staff, "page": page, "rows": rows, "refresh": _refresh(request, page)}
    return render(request, "agency/operations.html", context)


def _refresh(request: HttpRequest, page: Page[Operation]) -> int:
    """Return after how many seconds the list is loaded again; 0 is never."""
    is_moving = any(operation.is_moving for operation in page)
    return REFRESH_SECONDS if is_moving and not is_still(request) else 0


def is_still(request: HttpRequest) -> bool:
    """Return whether somebody wants the page to stay as it is."""
    return "still" in request.GET


def _described(operation: Operation) -> dict[str, Any]:
    """Return what templates show of an operation."""
    return {
        "operation": operation,
        "title": operation_title(operation.kind, operation.parameters),
        "progress": Progress.of(operation),
    }


@require_safe
def operation_(request: HttpRequest, operation_id: UUID) -> HttpResponse:
    """One operation: how far it is, and for those who steer its log. Raises NotFound. Six queries."""
    staff = required_staff(request, *AgencyRole.Role)
    operation = find_operation(operation_id)
    still = is_still(request)
    context = {
        **_described(operation),
        "staff": staff,
        "may_steer": may_steer(staff),
        "worked": human_duration(operation.worked_seconds),
        "refresh": REFRESH_SECONDS if operation.is_moving and not still else 0,
        "still": still,
        "failing": failing_job(operation),
        "is_idle": is_idle(operation),
    }
    if may_steer(staff):
        log = Paginator(operation.events.all(), EVENTS_PER_PAGE)
        context["page"] = log.get_page(request.GET.get("page"))
    return render(request, "agency/operation.html", context)


def may_steer(staff: Staff) -> bool:
    return bool(staff.roles.intersection(STEERING))


def is_idle(operation: Operation) -> bool:
    """Return whether it should move and has not for a while: perhaps no worker runs."""
    seconds = (timezone.now() - operation.updated_at).total_seconds()
    return operation.is_moving and seconds > IDLE_SECONDS


@require_POST
def pause_(request: HttpRequest, operation_id: UUID) -> HttpResponse:
    """Let it stop after the object that is under way."""
    staff = required_staff(request, *STEERING)
    return _change(request, operation_id, pause, staff)


@require_POST
def resume_(request: HttpRequest, operation_id: UUID) -> HttpResponse:
    """Let it go on where it was."""
    staff = required_staff(request, *STEERING)
    return _change(request, operation_id, resume, staff)


@require_http_methods(["GET", "HEAD", "POST"])
def cancel_(request: HttpRequest, operation_id: UUID) -> HttpResponse:
    """Ask whether to end it, in numbers; then end it."""
    staff = required_staff(request, *STEERING)
    if request.method == "POST":
        return _change(request, operation_id, cancel, staff)
    operation = find_operation(operation_id)
    if not operation.is_open:
        return redirect("agency_operations:operation", operation.id)
    context = {**_described(operation), "staff": staff}
    return render(request, "agency/cancel_operation.html", context)


def _change(
    request: HttpRequest, operation_id: UUID, change: Callable[..., None], staff: Staff
) -> HttpResponse:
    """Change it and show it. Where it has come to another state meanwhile, the page says so."""
    operation = find_operation(operation_id)
    try:
        change(operation, actor=Actor(staff.person_id, staff.name))
    except OperationRefused:
        messages.error(request, f"Nothing was changed: it is {operation.get_state_display()}.")
    return redirect("agency_operations:operation", operation.id)
