"""The routes of a tenant's host. tests/test_isolation.py walks every one of them, so a new one joins by itself."""

from django.urls import include, path

handler400 = "gateway.error_responses.bad_request"
handler403 = handler404 = "gateway.error_responses.not_found"
handler429 = "gateway.error_responses.too_many_requests"
handler500 = "gateway.error_responses.server_error"

urlpatterns = [
    # First, because it is asked for most: Django tries them in this order.
    path("", include("media_core.documents.urls")),
    path("accounts/", include("tenants.people.urls")),
    path("", include("media_core.library.urls")),
    path("", include("media_core.visits.urls")),
    path("", include("media_core.serving.urls")),
]
