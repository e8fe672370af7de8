"""What is answered when something is refused: one form for each refusal, the same bytes for everybody."""

import logging
import sys
from collections.abc import Callable
from http import HTTPStatus

from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import (
    DisallowedHost,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import IntegrityError, InterfaceError, OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from media_core.errors import UploadDiskFull
from media_core.uploads.handlers import DISK_FULL_ERRNOS
from tenants.database.proof import RETRY_SECONDS, database_proof
from tenants.errors import DatabaseNotProved, GatewayError, NotFound, SignInRequired
from tenants.middleware import (
    answer_if_outdated,
    answer_not_found,
    answer_not_ready,
    build_content_security_policy,
)

logger = logging.getLogger("gateway.error_responses")

# What people read when Django cannot read a form, or refuses to.
FORM_ERRORS: dict[type[Exception], tuple[HTTPStatus, str]] = {
    RequestDataTooBig: (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "A text in the form is too long. Shorten it, then send the form again.",
    ),
    TooManyFieldsSent: (
        HTTPStatus.BAD_REQUEST,
        "The form has too many fields. Load the page again, then send it again.",
    ),
    TooManyFilesSent: (
        HTTPStatus.BAD_REQUEST,
        "The form has too many files. Send fewer at once.",
    ),
    MultiPartParserError: (
        HTTPStatus.BAD_REQUEST,
        "The form could not be read. Load the page again, then send it again.",
    ),
    SessionInterrupted: (
        HTTPStatus.BAD_REQUEST,
        "You were signed out in the meantime. Sign in, then try again.",
    ),
}
LONG_NAME_MESSAGE = "The name of the file is too long. Shorten it, then send the file again."


class ErrorMiddleware:
    """Turns a GatewayError of a view into its answer, and gives every page its headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", build_content_security_policy())
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, GatewayError):
            return answer_error(request, error)
        if isinstance(error, OSError) and error.errno in DISK_FULL_ERRNOS:
            return answer_error(request, UploadDiskFull(str(error.strerror)))
        # A table that is not as this code knows it: perhaps the tenant was migrated a moment ago.
        return (
            answer_if_outdated(request)
            if isinstance(error, ProgrammingError | IntegrityError)
            else None
        )


def answer_error(request: HttpRequest, error: GatewayError) -> HttpResponse:
    """Return the answer for a refusal. Whoever is not signed in is sent there; the detail stays with us."""
    if isinstance(error, SignInRequired):
        back = {"next": request.get_full_path()} if request.method in {"GET", "HEAD"} else {}
        return HttpResponse(
            status=HTTPStatus.FOUND,
            headers={"Location": f"{reverse('account_login')}?{urlencode(back)}"},
        )
    if isinstance(error, DatabaseNotProved):
        return answer_not_ready(error, retry_seconds=RETRY_SECONDS)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s: %s", error.code, error, exc_info=error)
    if error.status == NotFound.status:
        return answer_not_found()
    # Too large is found out while the form is read, which is for those who may upload.
    detail = error.detail if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else ""
    return render_refusal(request, error, detail=detail)


def render_refusal(request: HttpRequest, error: GatewayError, *, detail: str = "") -> HttpResponse:
    """Return the page of a refusal."""
    context = {"error": error, "detail": detail}
    response = render(request, "refused.html", context, status=error.status)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(error.retry_seconds)
    return response


def answer_database_error() -> HttpResponse:
    """Return 503: the database does not answer, or had no connection free in time."""
    database_proof.forget_if_unreachable()
    return answer_not_ready(DatabaseNotProved(), retry_seconds=RETRY_SECONDS)


def is_database_error(error: BaseException | None) -> bool:
    """Return whether the error, or one that it was raised from, says that the database does not answer."""
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError | DatabaseNotProved):
            return True
        error = error.__cause__ or error.__context__
    return False


def not_found(_request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer_not_found()


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the answer to a request that cannot be read: what is wrong with it, and what to do."""
    if is_database_error(exception):
        return answer_database_error()
    if isinstance(exception, DisallowedHost):
        # Answer as for a host that leads to no tenant.
        return answer_not_found()
    status, message = HTTPStatus.BAD_REQUEST, "The request could not be understood."
    for kind, answer in FORM_ERRORS.items():
        if isinstance(exception, kind):
            status, message = answer
    if isinstance(exception, MultiPartParserError) and "header size" in str(exception):
        message = LONG_NAME_MESSAGE
    return render(request, "refused.html", {"message": message}, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    context = {
        "message": "The form was too old, or came from elsewhere. Go back, load the page again and retry."
    }
    return render(request, "refused.html", context, status=HTTPStatus.FORBIDDEN)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    context = {"message": "Too many tries. Wait a few minutes, then try again."}
    return render(request, "refused.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)


def server_error(_request: HttpRequest) -> HttpResponse:
    """Return 503 when the database failed, else 500. Django calls this while it handles the error."""
    if is_database_error(sys.exception()):
        return answer_database_error()
    return HttpResponse(
        "Something went wrong on our side. It is logged.\n",
        content_type="text/plain; charset=utf-8",
        status=500,
    )
