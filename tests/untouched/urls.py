"""The routes of a tenant's host: the apps' own, and the gateway's for files."""

from django.contrib import admin
from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

handler400 = "gateway.answers.bad_request"
handler403 = handler404 = "gateway.answers.not_found"
handler500 = "gateway.answers.server_error"

urlpatterns = [
    path("django-admin/", admin.site.urls),
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("", include("media_core.files.urls")),
    path("", include(wagtail_urls)),
]
