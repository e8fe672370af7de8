"""`/healthz` and `/readyz`, on any host, before anything else. They tell a stranger one word."""

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from tenants.database.proof import proof


class HealthMiddleware:
    """Answers a load balancer: alive says the process answers, ready says the database does too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # request.path would be enough, but it is computed from this.
        match request.path_info:
            case "/healthz":
                return one_word("alive")
            case "/readyz":
                return one_word("ready") if database_answers() else one_word("not ready", 503)
            case _:
                return self.get_response(request)


def one_word(word: str, status: int = 200) -> HttpResponse:
    return HttpResponse(
        f"{word}\n", content_type="text/plain", status=status, headers={"Cache-Control": "no-store"}
    )


def database_answers() -> bool:
    """Return whether the database answers one statement, on a connection that is proved to be its own."""
    if not proof.holds():
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()
        return False
    return True
