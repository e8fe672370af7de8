"""`/healthz` and `/readyz`, on any host, before anything else. They tell strangers one word, or a short reason."""

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from tenants.database.probe import is_server_reachable
from tenants.database.proof import database_proof, get_connection_parameters


class HealthMiddleware:
    """Answers a load balancer: alive says the process answers, ready says the database does too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # request.path would be enough, but it is computed from this.
        match request.path_info:
            case "/healthz":
                return make_text_response("alive")
            case "/readyz":
                why = find_readiness_problem()
                return (
                    make_text_response(f"not ready: {why}", 503)
                    if why
                    else make_text_response("ready")
                )
            case _:
                return self.get_response(request)


def make_text_response(word: str, status: int = 200) -> HttpResponse:
    return HttpResponse(
        f"{word}\n", content_type="text/plain", status=status, headers={"Cache-Control": "no-store"}
    )


def find_readiness_problem() -> str:
    """Return why no statement can run on a proved connection; empty if one can."""
    why = "connections are not proved"
    if database_proof.holds():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            connection.close()
            # Neither in our pool nor in the server.
            why = "no connection free"
        else:
            return ""
    return (
        why if is_server_reachable(get_connection_parameters()) else "the database does not answer"
    )
