"""From host to tenant: every request is bound to one tenant, or to the agency, or gets a plain 404."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tenants.binding import AGENCY, bind_agency, bind_tenant, get_binding
from tenants.database.proof import RETRY_SECONDS, database_proof
from tenants.domains import CACHE_SECONDS, find_tenant_by_host, host_cache
from tenants.errors import DatabaseNotProved, GatewayError, HostRefused, SchemaNotServed
from tenants.host_names import normalize_host
from tenants.models import Tenant
from tenants.people.identity import find_member
from tenants.schema_versions import find_version_problem, get_schema_version

logger = logging.getLogger("tenants.middleware")

GetResponse = Callable[[HttpRequest], HttpResponse]


class TenantMiddleware:
    """Binds the request's tenant for the whole request, and answers an unknown host itself.

    An unknown host gets a static 404, a tenant whose tables this code cannot serve a static 503: no session, no
    cookie, no template. Django would turn an error of this class into a 500, so nothing here raises. At most one
    query, cached for 10 s.

    As long as it is not proved that connections keep their sessions, everybody gets a plain 503.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.agency_host = normalize_host(settings.AGENCY_HOST)
        # Read once, before the first request.
        get_schema_version()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not database_proof.holds():
            return answer_not_ready(DatabaseNotProved(), retry_seconds=RETRY_SECONDS)
        raw_host = request.META.get("HTTP_HOST", "")
        if self._is_agency(raw_host):
            return self._answer_for_agency(request)
        tenant = find_tenant_by_host(raw_host)
        return self._answer_for_tenant(request, tenant) if tenant else answer_not_found()

    def _is_agency(self, raw_host: str) -> bool:
        try:
            return normalize_host(raw_host) == self.agency_host
        except HostRefused:
            return False

    def _answer_for_agency(self, request: HttpRequest) -> HttpResponse:
        request.urlconf = settings.AGENCY_URLCONF
        with bind_agency():
            return self.get_response(request)

    def _answer_for_tenant(self, request: HttpRequest, tenant: Tenant) -> HttpResponse:
        request.tenant = tenant  # type: ignore[attr-defined]  # as django-tenants and templates call it
        if why := find_version_problem(tenant.schema_version, tenant.oldest_code):
            return answer_schema_not_served(tenant, why)
        with bind_tenant(tenant):
            return self.get_response(request)


class SuspendedMiddleware:
    """Stands between everybody and a suspended tenant: members read that it is, others get the plain 404."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        what = get_binding()
        if what is AGENCY or what.is_served:
            return self.get_response(request)
        if find_member(request):
            return render(request, "suspended.html", {"tenant": what}, status=403)
        return answer_not_found()


def answer_not_found() -> HttpResponse:
    """Return the one answer for what is not there, not yours or not served: always the same bytes."""
    return HttpResponse(
        "There is nothing here.\n",
        content_type="text/plain; charset=utf-8",
        status=404,
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


def answer_not_ready(error: GatewayError, *, retry_seconds: float) -> HttpResponse:
    """Return the answer for everything that is not served for the moment. What is wrong stands in the log."""
    return HttpResponse(
        f"{error.message}\n",
        content_type="text/plain; charset=utf-8",
        status=error.status,
        headers={
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Retry-After": f"{retry_seconds:.0f}",
        },
    )


def answer_schema_not_served(tenant: Tenant, why: str) -> HttpResponse:
    """Return the one answer for a tenant whose tables this code cannot serve; the log says whose, and why."""
    logger.warning("tenant not served: %s", why, extra={"tenant": str(tenant.id)})
    return answer_not_ready(SchemaNotServed(), retry_seconds=CACHE_SECONDS)


def answer_if_outdated(request: HttpRequest) -> HttpResponse | None:
    """Return the 503 when the tenant's tables changed beyond this code since its row was cached, else nothing.

    For a request that failed at the database. One query.
    """
    known = getattr(request, "tenant", None)
    tenant = Tenant.objects.filter(pk=known.pk).first() if known else None
    if tenant is None or not (
        why := find_version_problem(tenant.schema_version, tenant.oldest_code)
    ):
        return None
    host_cache.forget()
    return answer_schema_not_served(tenant, why)


def build_content_security_policy(*, form_action: str = "'self'") -> str:
    """Return what a page may use: our own files, no frames, no plug-ins, no inline script or style.

    `form_action` is where its forms may lead, if not to the host itself.
    """
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        f"form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
    )
