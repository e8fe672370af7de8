"""The routes of the agency's own host."""

from django.urls import include, path

from gateway.agency.job_views import show_jobs, show_kind
from gateway.agency.tenant_views import show_history, show_tenants

handler400 = "gateway.error_responses.bad_request"
handler403 = handler404 = "gateway.error_responses.not_found"
handler429 = "gateway.error_responses.too_many_requests"
handler500 = "gateway.error_responses.server_error"

urlpatterns = [
    path("accounts/", include("tenants.people.urls")),
    path("", show_tenants, name="agency_tenants"),
    path("history", show_history, name="agency_history"),
    path("jobs", show_jobs, name="agency_jobs"),
    path("jobs/<str:name>", show_kind, name="agency_job"),
    path("", include("gateway.agency.operation_urls")),
    path("", include("gateway.agency.visit_urls")),
    path("", include("gateway.agency.bucket_urls")),
    path("", include("gateway.agency.attestation_urls")),
]
