"""Every request has an id and leaves one line in the log."""

import logging
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from gateway.logs import find_route
from tenants.log_context import request_in_log

logger = logging.getLogger("gateway.request_log")


class RequestLogMiddleware:
    """Logs method, route, status and duration."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Always our own: one that a client sends could be made to look like another's.
        request_id = uuid.uuid4().hex
        token = request_in_log.set(request_id)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            log_request(request, response, time.perf_counter() - started)
            response.headers["X-Request-ID"] = request_id
            return response
        finally:
            request_in_log.reset(token)


def log_request(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Write the line of one request."""
    tenant = getattr(request, "tenant", None)
    fields = {
        "method": request.method,
        "route": find_route(request),
        "status": response.status_code,
        "milliseconds": round(seconds * 1000, 1),
        "tenant": str(tenant.id) if tenant else "",
    }
    logger.info("request", extra=fields)
