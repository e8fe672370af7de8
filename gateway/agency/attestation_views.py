"""On the agency's host: the attestations, and one of them. Numbers, tenants and keys of canaries."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from media_core.bucket.models import Attestation
from media_core.upkeep.proving.attestation import is_whole
from tenants.errors import NotFound
from tenants.people.identity import require_staff
from tenants.people.models import AgencyRole

ATTESTATIONS_PER_PAGE = 50
# All of them stand in the JSON.
SHOWN_FAILURES = 100


@require_safe
def list_attestations(request: HttpRequest) -> HttpResponse:
    """All attestations, newest first."""
    staff = require_staff(request, *AgencyRole.Role)
    found = Attestation.objects.defer("document")
    page = Paginator(found, ATTESTATIONS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "bucket/attestations.html", {"page": page, "staff": staff})


@require_safe
def show_attestation(request: HttpRequest, attestation_id: UUID) -> HttpResponse:
    """One attestation: what was tried, for whom, and what was not refused."""
    staff = require_staff(request, *AgencyRole.Role)
    found = find_attestation(attestation_id)
    context = {
        "staff": staff,
        "attestation": found,
        "document": found.document,
        "failures": found.document["failures"][:SHOWN_FAILURES],
        "is_whole": is_whole(found.document),
    }
    return render(request, "bucket/attestation.html", context)


@require_safe
def download(request: HttpRequest, attestation_id: UUID) -> HttpResponse:
    """The document as JSON, to be kept or given to a client."""
    require_staff(request, *AgencyRole.Role)
    found = find_attestation(attestation_id)
    name = f"isolation-{found.made_at:%Y-%m-%d}-{str(found.pk)[:8]}.json"
    return JsonResponse(
        found.document,
        json_dumps_params={"indent": 2, "ensure_ascii": False},
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def find_attestation(attestation_id: UUID) -> Attestation:
    """Return an attestation. Raises NotFound. One query."""
    found: Attestation | None = Attestation.objects.filter(pk=attestation_id).first()
    if found is None:
        raise NotFound
    return found
