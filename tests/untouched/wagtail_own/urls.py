from django.http import HttpRequest
from django.urls import include, path
from wagtail.test.urls import urlpatterns as of_wagtails_tests

urlpatterns = [path("", include("media_core.serving.urls")), *of_wagtails_tests]


def everybody(request: HttpRequest, name: str) -> bool:
    return True
