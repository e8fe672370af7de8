"""On the agency's host: what the bucket was seen to do, and what the gateway makes of it."""

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from media_core.bucket.capabilities import (
    describe_target,
    describe_uses,
    find_newest_report,
    find_proof,
    list_unproved,
)
from media_core.bucket.findings import Outcome
from media_core.bucket.models import BucketReport
from media_core.bucket.proof_age import find_old_proof
from tenants.errors import NotFound
from tenants.people.identity import require_staff
from tenants.people.models import AgencyRole

REPORTS_PER_PAGE = 20


# A page is read from the top, and what is to be done stands there.
WORST_FIRST = [Outcome.FAILED, Outcome.WARNING, Outcome.OK, Outcome.UNKNOWN]


def sort_worst_first(report: BucketReport | None) -> list[dict[str, Any]]:
    """Return the findings of a report, those that failed before all others; else in the order of the probes."""
    findings = report.findings if report else []
    return sorted(findings, key=lambda finding: WORST_FIRST.index(finding["outcome"]))


@require_safe
def show_bucket(request: HttpRequest) -> HttpResponse:
    """How the bucket in settings stands: its newest report, and the reports before it. Five queries."""
    staff = require_staff(request, *AgencyRole.Role)
    reports = BucketReport.objects.defer("findings")
    page = Paginator(reports, REPORTS_PER_PAGE).get_page(request.GET.get("page"))
    newest = find_newest_report()
    known = find_proof()
    context = {
        "staff": staff, "report": newest, "unproved": list_unproved(known), "uses": describe_uses(known), "page": page,
        "target": describe_target() if settings.BUCKET_NAME else "", "findings": sort_worst_first(newest),
        "age": find_old_proof(known),
    }  # fmt: skip
    return render(request, "bucket/bucket.html", context)


@require_safe
def show_report(request: HttpRequest, report_id: int) -> HttpResponse:
    """One report, as it was. Raises NotFound."""
    staff = require_staff(request, *AgencyRole.Role)
    found = BucketReport.objects.filter(pk=report_id).first()
    if found is None:
        raise NotFound
    context = {"staff": staff, "report": found, "findings": sort_worst_first(found)}
    return render(request, "bucket/report.html", context)
