"""Who asks: the layer that believes no claim without a proof."""

from collections.abc import Callable
from dataclasses import replace

from gateway.demo.bucket import sigv2, sigv4
from gateway.demo.bucket.credentials import Credentials
from gateway.demo.bucket.request import Handler, S3Request
from gateway.demo.bucket.responses import Refused, Response

Verifier = Callable[[S3Request, Credentials], frozenset[str] | None]


class SignatureLayer:
    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    def __call__(self, request: S3Request, answer: Handler) -> Response:
        """Pass on who signed, or nobody when nothing claims to be a signature; refuse false claims.

        Half a signature is a claim too: it never falls back to being anonymous.
        """
        claims = _find_verifiers(request)
        if not claims:
            return answer(request)
        if len(claims) > 1:
            raise Refused("InvalidArgument", "Only one way of signing a request is allowed.")
        _refuse_session(request)
        _refuse_version(request, claims[0])
        signed_headers = claims[0](request, self.credentials)
        return answer(
            replace(request, asker=self.credentials.access_key, signed_headers=signed_headers)
        )


def require_signed_amz_headers(request: S3Request, answer: Handler) -> Response:
    """Refuse a SigV4 request with an `x-amz-*` header its signature does not cover.

    Without this rule (CVE-2026-54330 and its relatives) the holder of a presigned PUT adds
    `x-amz-copy-source` and reads any object of the bucket.
    """
    unsigned = set(request.headers.list_names("x-amz-")) - (request.signed_headers or frozenset())
    if request.signed_headers is not None and unsigned:
        raise Refused(
            "AccessDenied", f"These headers are not signed: {', '.join(sorted(unsigned))}"
        )
    return answer(request)


def _find_verifiers(request: S3Request) -> list[Verifier]:
    authorization = request.headers.get("authorization")
    names = {name for name, _ in request.query}
    claims: list[Verifier] = []
    if "authorization" in request.headers.list_names():
        claims.append(
            sigv2.verify_header if authorization.startswith("AWS ") else sigv4.verify_header
        )
    if any(name.lower().startswith("x-amz-") for name in names):
        claims.append(sigv4.verify_query)
    if names & sigv2.QUERY_PARAMETERS:
        claims.append(sigv2.verify_query)
    return claims


def _refuse_session(request: S3Request) -> None:
    """Refuse session tokens: the store has one key pair and no way to check a token."""
    if request.headers.list_names("x-amz-security-token") or request.get_parameter(
        "X-Amz-Security-Token"
    ):
        raise Refused("InvalidToken")


def _refuse_version(request: S3Request, claim: Verifier) -> None:
    version = "no-sigv2" if claim in {sigv2.verify_header, sigv2.verify_query} else "no-sigv4"
    if version in request.faults:
        raise Refused("InvalidRequest", "This version of signatures is not taken here.")
