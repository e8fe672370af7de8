"""The routes of a tenant's host: the apps' own, and the gateway's for files."""

from django.contrib import admin
from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

handler400 = "gateway.error_responses.bad_request"
handler403 = handler404 = "gateway.error_responses.not_found"
handler500 = "gateway.error_responses.server_error"

urlpatterns = [
    path("django-admin/", admin.site.urls),
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("", include("media_core.serving.urls")),
    path("", include(wagtail_urls)),
]
