"""`/healthz` and `/readyz`, on any host, before anything else. They tell strangers one word, or a short reason."""

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from tenants.database.probe import server_answers
from tenants.database.proof import parameters, proof


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
                why = find_readiness_problem()
                return one_word(f"not ready: {why}", 503) if why else one_word("ready")
            case _:
                return self.get_response(request)


def one_word(word: str, status: int = 200) -> HttpResponse:
    return HttpResponse(
        f"{word}\n", content_type="text/plain", status=status, headers={"Cache-Control": "no-store"}
    )


def find_readiness_problem() -> str:
    """Return why no statement can run on a proved connection; empty if one can."""
    why = "connections are not proved"
    if proof.holds():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            connection.close()
            # Neither in our pool nor in the server.
            why = "no connection free"
        else:
            return ""
    return why if server_answers(parameters()) else "the database does not answer"
