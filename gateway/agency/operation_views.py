"""The agency's pages of operations: the list, one operation with its log, and pause, resume and cancel."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.errors import OperationRefused
from tenants.jobs.operation_kinds import find_title
from tenants.jobs.operation_models import Operation
from tenants.jobs.operations import (
    Actor,
    cancel,
    find_operation,
    list_problems,
    pause,
    resume,
)
from tenants.jobs.progress import Progress, format_duration
from tenants.people.identity import Staff, require_staff
from tenants.people.models import AgencyRole

OPERATIONS_PER_PAGE = 25
EVENTS_PER_PAGE = 50
# The roles that may pause, resume and cancel, and read the log. Finance reads the progress only.
STEERING_ROLES = (AgencyRole.Role.OWNER, AgencyRole.Role.OPERATOR)
# How often the page of an operation that is not over reloads itself.
REFRESH_SECONDS = 3


@require_safe
def list_operations(request: HttpRequest) -> HttpResponse:
    """List all operations, the newest first. Four queries."""
    staff = require_staff(request, *AgencyRole.Role)
    found = Operation.objects.select_related("tenant")
    page = Paginator(found, OPERATIONS_PER_PAGE).get_page(request.GET.get("page"))
    rows = [_describe(operation) for operation in page]
    context = {"staff": staff, "page": page, "rows": rows, **_plan_reload(request, page)}
    return render(request, "agency/operations.html", context)


def _plan_reload(request: HttpRequest, operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the context that says whether the page reloads itself, or would if the person had not stopped it."""
    is_moving = any(operation.is_moving for operation in operations)
    is_stopped = "still" in request.GET
    return {
        "refresh": REFRESH_SECONDS if is_moving and not is_stopped else 0,
        "is_reload_stopped": is_moving and is_stopped,
    }


def _describe(operation: Operation) -> dict[str, Any]:
    """Return the context that shows an operation."""
    return {
        "operation": operation,
        "title": find_title(operation.kind, operation.parameters),
        "progress": Progress.from_operation(operation),
    }


@require_safe
def show_operation(request: HttpRequest, operation_id: UUID) -> HttpResponse:
    """Show the progress of one operation, and to those who may steer its log. Raises NotFound. Seven queries."""
    staff = require_staff(request, *AgencyRole.Role)
    operation = find_operation(operation_id)
    context = {
        **_describe(operation),
        "staff": staff,
        "may_steer": may_steer(staff),
        "worked": format_duration(operation.worked_seconds),
        **_plan_reload(request, [operation]),
        "problems": list_problems(operation),
    }
    if may_steer(staff):
        log = Paginator(operation.events.all(), EVENTS_PER_PAGE)
        context["page"] = log.get_page(request.GET.get("page"))
    return render(request, "agency/operation.html", context)


def may_steer(staff: Staff) -> bool:
    return bool(staff.roles.intersection(STEERING_ROLES))


@require_POST
def pause_operation(request: HttpRequest, operation_id: UUID) -> HttpResponse:
    """Stop it after the object that is under way."""
    staff = require_staff(request, *STEERING_ROLES)
    return _change(request, operation_id, pause, staff)


@require_POST
def resume_operation(request: HttpRequest, operation_id: UUID) -> HttpResponse:
    """Let it go on where it stopped."""
    staff = require_staff(request, *STEERING_ROLES)
    return _change(request, operation_id, resume, staff)


@require_http_methods(["GET", "HEAD", "POST"])
def cancel_operation(request: HttpRequest, operation_id: UUID) -> HttpResponse:
    """Ask for a confirmation that shows what is done and what stays; then end it."""
    staff = require_staff(request, *STEERING_ROLES)
    if request.method == "POST":
        return _change(request, operation_id, cancel, staff)
    operation = find_operation(operation_id)
    if not operation.is_open:
        return redirect("agency_operations:operation", operation.id)
    context = {**_describe(operation), "staff": staff}
    return render(request, "agency/cancel_operation.html", context)


def _change(
    request: HttpRequest, operation_id: UUID, change: Callable[..., None], staff: Staff
) -> HttpResponse:
    """Change it and show it. When it has another state meanwhile, show a message instead."""
    operation = find_operation(operation_id)
    try:
        change(operation, actor=Actor(staff.person_id, staff.name))
    except OperationRefused as error:
        messages.error(request, f"Nothing was changed. {error.detail}")
    return redirect("agency_operations:operation", operation.id)
