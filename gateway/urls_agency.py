"""The routes of the agency's own host."""

from django.urls import include, path

from gateway.agency.jobs import show_jobs, show_kind
from tenants.console.views import show_history, show_tenants

handler400 = "gateway.answers.bad_request"
handler403 = handler404 = "gateway.answers.not_found"
handler429 = "gateway.answers.too_many_requests"
handler500 = "gateway.answers.server_error"

urlpatterns = [
    path("accounts/", include("tenants.people.urls")),
    path("", show_tenants, name="agency_tenants"),
    path("history", show_history, name="agency_history"),
    path("jobs", show_jobs, name="agency_jobs"),
    path("jobs/<str:name>", show_kind, name="agency_job"),
    path("", include("gateway.agency.urls")),
    path("", include("media_core.visits.agency_urls")),
    path("", include("media_core.storages.bucket.agency_urls")),
    path("", include("media_core.upkeep.proving.urls")),
]
