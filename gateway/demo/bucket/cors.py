"""CORS from the bucket's own rules; moto's answers to any origin never leave the store.

As RGW: a preflight that no rule allows gets 403 and no CORS header, other answers carry the headers
of the first rule that allows origin and method, refusals too.
"""

import re
from collections.abc import Iterable

from moto.s3.models import CorsRule

from gateway.demo.bucket.moto_store import Store
from gateway.demo.bucket.request import Handler, S3Request
from gateway.demo.bucket.responses import Refused, Response


class CorsLayer:
    def __init__(self, store: Store) -> None:
        self.store = store

    def __call__(self, request: S3Request, answer: Handler) -> Response:
        """Answer a preflight; add the CORS headers to every other answer."""
        if request.operation == "Preflight":
            return self._answer_preflight(request)
        return answer(request).replace_headers(self._find_headers(request, request.method, []))

    def _answer_preflight(self, request: S3Request) -> Response:
        method = request.headers.get("access-control-request-method")
        if not method or not request.headers.get("origin"):
            return Refused(
                "InvalidRequest", "Origin or requested method is missing."
            ).build_response()
        wanted = request.headers.get("access-control-request-headers").split(",")
        headers = self._find_headers(
            request, method, [name.strip() for name in wanted if name.strip()]
        )
        if not headers:
            return Refused(
                "AccessDenied", "No CORS rule of the bucket allows this."
            ).build_response()
        return Response(200, (*headers.items(), ("Vary", "Origin")))

    def _find_headers(self, request: S3Request, method: str, wanted: list[str]) -> dict[str, str]:
        origin = request.headers.get("origin")
        for rule in self.store.list_cors_rules(request.bucket) if origin else ():
            if _allows(rule, origin, method, wanted):
                return _build_headers(rule, origin, method, wanted)
        return {}


def _allows(rule: CorsRule, origin: str, method: str, wanted: list[str]) -> bool:
    return (
        method in rule.allowed_methods
        and _matches(rule.allowed_origins, origin)
        and all(_matches(rule.allowed_headers or (), name.lower()) for name in wanted)
    )


def _matches(patterns: Iterable[str], value: str) -> bool:
    """Return whether a pattern names the value; `*` stands for any text."""
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value, re.IGNORECASE)
        for pattern in patterns
    )


def _build_headers(rule: CorsRule, origin: str, method: str, wanted: list[str]) -> dict[str, str]:
    headers = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": method,
        "Access-Control-Allow-Headers": ", ".join(wanted),
        "Access-Control-Expose-Headers": ", ".join(rule.exposed_headers or ()),
        "Access-Control-Max-Age": str(rule.max_age_seconds or ""),
    }
    return {name: value for name, value in headers.items() if value}
