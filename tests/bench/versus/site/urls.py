from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import get_document_model
from wagtail.documents import urls as wagtaildocs_urls

from tests.bench.versus.site.storage import PrivateMediaStorage


@login_required
def open_view(_request: HttpRequest, document_id: int) -> HttpResponse:
    """What tutorials do: a storage for each link, and so a session of boto3 and a client."""
    document = get_object_or_404(get_document_model(), pk=document_id)
    return redirect(PrivateMediaStorage().url(document.file.name, expire=300))


urlpatterns = [
    path("per-link/<int:document_id>", open_view),
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("", include(wagtail_urls)),
]
