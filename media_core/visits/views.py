"""On a tenant's host: agency staff come in with a ticket, and leave."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from media_core.visits import flow
from media_core.visits.origins import build_agency_origin
from tenants.errors import NotFound
from tenants.people.identity import require_member


# The form comes from the agency's host, so it cannot know a token of this one: the ticket is the secret.
@csrf_exempt
@require_POST
def redeem(request: HttpRequest) -> HttpResponse:
    """Let the holder of a good ticket in. Everybody else gets the plain 404, whatever was wrong."""
    if request.headers.get("Origin") != build_agency_origin(request):
        raise NotFound
    flow.enter(request, request.POST.get("ticket", ""))
    return redirect("/")


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """End the visit and its session; answer the way back to the agency."""
    visit = flow.leave(require_member(request))
    request.session.flush()
    # A page, not a redirect: a form of ours may not lead to another host (Content-Security-Policy).
    context = {"visit": visit, "back": f"{build_agency_origin(request)}/visits/{visit.id}"}
    return render(request, "visits/left.html", context)
