"""As a stranger at the bucket: reads, changes and lists, each in plain HTTP without credentials."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings

from media_core.bucket.anonymous_http import BucketRequest, build_bucket_url, send_anonymously
from media_core.bucket.public_access import get_bucket_base_url, get_public_base_url
from media_core.errors import BucketUnavailable
from media_core.storages import raw_objects
from media_core.upkeep.proving.attempts import Attempt, AttemptKind, Control, Result, Verdict
from media_core.upkeep.proving.canaries import CONTENT_BYTES, Canary, CanaryKind
from tenants.models import Tenant
from tenants.prefixes import PUBLIC_AREA

ANONYMOUS = "a stranger"
BUCKET = "the bucket"
PLANTED_CONTENT = b"planted by the isolation prover"


@dataclass(frozen=True, slots=True)
class BucketAttempt:
    """One request to the bucket, and what would be a leak: bytes, a success, or the way to them."""

    ask: Attempt
    request: BucketRequest
    content: bytes = b""


def iterate_reads(canaries: Iterable[Canary]) -> Iterator[BucketAttempt]:
    """Yield what strangers try that changes nothing. To read a public one is no leak; who may what with it is one."""
    for canary in canaries:
        if canary.kind != CanaryKind.PUBLIC:
            yield from _iterate_key_reads(canary)
        if canary.kind in {CanaryKind.PUBLIC, CanaryKind.DOCUMENT}:
            yield _make_attempt(
                canary, AttemptKind.READ, "GET ?acl", build_bucket_url(canary.key, "acl")
            )
        if canary.kind == CanaryKind.DOCUMENT:
            yield _make_attempt(canary, AttemptKind.READ, "HEAD", build_bucket_url(canary.key))
            yield from _iterate_traversals(canary)


def _iterate_key_reads(canary: Canary) -> Iterator[BucketAttempt]:
    yield _make_attempt(canary, AttemptKind.READ, "GET", build_bucket_url(canary.key))
    if settings.PUBLIC_MEDIA_BASE_URL:
        address = f"{get_public_base_url()}/{canary.key}"
        yield _make_attempt(canary, AttemptKind.CDN, "GET at PUBLIC_MEDIA_BASE_URL", address)


def _iterate_traversals(canary: Canary) -> Iterator[BucketAttempt]:
    """Yield paths that begin as a policy of public objects allows, and lead out of there if dots are obeyed."""
    prefix = canary.tenant.prefix
    for dots in ("..", "%2e%2e"):
        path = f"{prefix}{PUBLIC_AREA}/{dots}/{prefix.extract_name(canary.key)}"
        yield _make_attempt(
            canary,
            AttemptKind.TRAVERSAL,
            f"GET {PUBLIC_AREA}/{dots}/",
            f"{get_bucket_base_url()}/{path}",
        )


def iterate_changes(canaries: Iterable[Canary]) -> Iterator[BucketAttempt]:
    """Yield what strangers try that would change an object."""
    for canary in canaries:
        address = build_bucket_url(canary.key)
        yield _make_attempt(
            canary, AttemptKind.CHANGE, "PUT over it", address, body=PLANTED_CONTENT
        )
        yield _make_attempt(canary, AttemptKind.CHANGE, "DELETE", address)


def _make_attempt(
    canary: Canary, kind: AttemptKind, way: str, url: str, *, body: bytes = b""
) -> BucketAttempt:
    described = Attempt(kind=kind, tenant=canary.tenant, key=canary.key, asker=ANONYMOUS, how=way)
    return BucketAttempt(
        described, BucketRequest(way.split(maxsplit=1)[0], url, body), canary.content
    )


LIST_QUERIES = ("", "list-type=2", "versions", "uploads")


def iterate_lists(tenants: Iterable[Tenant]) -> Iterator[BucketAttempt]:
    """Yield the lists that strangers ask for: of the whole bucket, of each room, and of all that begins like it."""
    for query in LIST_QUERIES:
        yield _make_list_attempt(None, BUCKET, query)
    for tenant in tenants:
        room = str(tenant.prefix)
        yield _make_list_attempt(tenant, room, f"list-type=2&prefix={room}")
        yield _make_list_attempt(tenant, room, f"prefix={room.rstrip('/')}")
        yield _make_list_attempt(tenant, room, f"versions&prefix={room}private/")


def _make_list_attempt(tenant: Tenant | None, what: str, query: str) -> BucketAttempt:
    described = Attempt(
        kind=AttemptKind.LIST,
        tenant=tenant,
        key=what,
        asker=ANONYMOUS,
        how=f"list ?{query}".removesuffix(" ?"),
    )
    return BucketAttempt(described, BucketRequest("GET", build_bucket_url(query=query)))


def run_attempt(tried: BucketAttempt) -> Result:
    """Send one request and judge the answer. Only a clear no is a refusal."""
    try:
        answer = send_anonymously(tried.request)
    except BucketUnavailable as error:
        return Result(tried.ask, Verdict.NO_ANSWER, str(error))
    words = f"{answer.status}, {len(answer.body)} bytes"
    if tried.content and tried.content in answer.body:
        return Result(tried.ask, Verdict.GIVEN, f"{words}, the canary's own")
    fails = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not answer.is_refusal
    if fails or (isinstance(tried.ask.kind, Control) and answer.status < HTTPStatus.BAD_REQUEST):
        return Result(tried.ask, Verdict.NO_ANSWER, f"{words}, not the canary's")
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return Result(tried.ask, Verdict.REFUSED, words)
    return Result(tried.ask, Verdict.GIVEN, words)


def verify_canary(canary: Canary) -> Result:
    """Read a canary with our own credentials: it must be there, with its bytes, whatever was tried."""
    described = Attempt(
        kind=Control.KEPT, tenant=canary.tenant, key=canary.key, asker="the gateway", how="GET"
    )
    try:
        found = raw_objects.read(canary.key)
    except BucketUnavailable as error:
        return Result(described, Verdict.NO_ANSWER, str(error))
    if found == canary.content:
        return Result(described, Verdict.GIVEN, f"{CONTENT_BYTES} bytes, its own")
    return Result(described, Verdict.REFUSED, "gone" if found is None else "other bytes")
