from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class HostMiddleware:
    """Says at which host a request came, as browsers do. Django's test client only says so when it is told to."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.META.setdefault("HTTP_HOST", request.META["SERVER_NAME"])
        return self.get_response(request)
