"""On the agency's host: what the bucket was seen to do, and what the gateway makes of it."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from media_core.storages.bucket.capabilities import Proof, current_target, newest_report, uses
from media_core.storages.bucket.models import BucketReport
from tenants.errors import NotFound
from tenants.people.identity import required_staff
from tenants.people.models import AgencyRole

REPORTS_PER_PAGE = 20


@require_safe
def bucket(request: HttpRequest) -> HttpResponse:
    """How the bucket in settings stands: its newest report, and the reports before it. Four queries."""
    staff = required_staff(request, *AgencyRole.Role)
    reports = BucketReport.objects.defer("findings")
    page = Paginator(reports, REPORTS_PER_PAGE).get_page(request.GET.get("page"))
    newest = newest_report()
    known = Proof.of(newest)
    context = {
        "staff": staff, "report": newest, "known": known, "uses": uses(known), "page": page,
        "target": current_target() if settings.BUCKET_NAME else "",
    }  # fmt: skip
    return render(request, "bucket/bucket.html", context)


@require_safe
def report_(request: HttpRequest, report_id: int) -> HttpResponse:
    """One report, as it was. Raises NotFound."""
    staff = required_staff(request, *AgencyRole.Role)
    found = BucketReport.objects.filter(pk=report_id).first()
    if found is None:
        raise NotFound
    return render(request, "bucket/report.html", {"staff": staff, "report": found})
