"""What pages of apps may use: the gateway's own default allows no inline script, and Wagtail's admin has some."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: https:; frame-ancestors 'self'; base-uri 'none'"
)


class PolicyMiddleware:
    """Gives pages a Content-Security-Policy of their own; stands inside ErrorMiddleware, which leaves it then."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response
