"""As a stranger at the bucket: reads, changes and lists, each in plain HTTP without credentials."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings

from media_core.errors import BucketUnavailable
from media_core.storages.bucket import raw
from media_core.storages.bucket.strangers import Request, ask, bucket_url
from media_core.storages.public import bucket_base_url, public_base_url
from media_core.upkeep.proving.asks import Ask, Control, Kind, Result, Verdict
from media_core.upkeep.proving.canaries import CONTENT_BYTES, Canary, Spot
from tenants.models import Tenant
from tenants.prefixes import PUBLIC_AREA

STRANGER = "a stranger"
BUCKET = "the bucket"
PLANTED = b"planted by the isolation prover"


@dataclass(frozen=True, slots=True)
class BucketAsk:
    """One request to the bucket, and what would be a leak: bytes, a success, or the way to them."""

    ask: Ask
    request: Request
    content: bytes = b""


def reading(canaries: Iterable[Canary]) -> Iterator[BucketAsk]:
    """Yield what strangers try that changes nothing. To read a public one is no leak; who may what with it is one."""
    for canary in canaries:
        if canary.spot != Spot.PUBLIC:
            yield from _reads(canary)
        if canary.spot in {Spot.PUBLIC, Spot.DOCUMENT}:
            yield _of(canary, Kind.READ, "GET ?acl", bucket_url(canary.key, "acl"))
        if canary.spot == Spot.DOCUMENT:
            yield _of(canary, Kind.READ, "HEAD", bucket_url(canary.key))
            yield from _by_way_of_the_public_area(canary)


def _reads(canary: Canary) -> Iterator[BucketAsk]:
    yield _of(canary, Kind.READ, "GET", bucket_url(canary.key))
    if settings.PUBLIC_MEDIA_BASE_URL:
        address = f"{public_base_url()}/{canary.key}"
        yield _of(canary, Kind.CDN, "GET at PUBLIC_MEDIA_BASE_URL", address)


def _by_way_of_the_public_area(canary: Canary) -> Iterator[BucketAsk]:
    """Yield paths that begin as a policy of public objects allows, and lead out of there if dots are obeyed."""
    prefix = canary.tenant.prefix
    for dots in ("..", "%2e%2e"):
        path = f"{prefix}{PUBLIC_AREA}/{dots}/{prefix.name_of(canary.key)}"
        yield _of(
            canary, Kind.TRAVERSAL, f"GET {PUBLIC_AREA}/{dots}/", f"{bucket_base_url()}/{path}"
        )


def changing(canaries: Iterable[Canary]) -> Iterator[BucketAsk]:
    """Yield what strangers try that would change an object."""
    for canary in canaries:
        address = bucket_url(canary.key)
        yield _of(canary, Kind.CHANGE, "PUT over it", address, body=PLANTED)
        yield _of(canary, Kind.CHANGE, "DELETE", address)


def _of(canary: Canary, kind: Kind, way: str, url: str, *, body: bytes = b"") -> BucketAsk:
    described = Ask(kind=kind, tenant=canary.tenant, key=canary.key, asker=STRANGER, how=way)
    return BucketAsk(described, Request(way.split(maxsplit=1)[0], url, body), canary.content)


LISTS_OF_THE_BUCKET = ("", "list-type=2", "versions", "uploads")


def listing(tenants: Iterable[Tenant]) -> Iterator[BucketAsk]:
    """Yield the lists that strangers ask for: of the whole bucket, of each room, and of all that begins like it."""
    for query in LISTS_OF_THE_BUCKET:
        yield _list(None, BUCKET, query)
    for tenant in tenants:
        room = str(tenant.prefix)
        yield _list(tenant, room, f"list-type=2&prefix={room}")
        yield _list(tenant, room, f"prefix={room.rstrip('/')}")
        yield _list(tenant, room, f"versions&prefix={room}private/")


def _list(tenant: Tenant | None, what: str, query: str) -> BucketAsk:
    described = Ask(
        kind=Kind.LIST,
        tenant=tenant,
        key=what,
        asker=STRANGER,
        how=f"list ?{query}".removesuffix(" ?"),
    )
    return BucketAsk(described, Request("GET", bucket_url(query=query)))


def answered(tried: BucketAsk) -> Result:
    """Send one request and judge the answer. Only a clear no is a refusal."""
    try:
        answer = ask(tried.request)
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


def kept(canary: Canary) -> Result:
    """Read a canary with our own credentials: it must be there, with its bytes, whatever was tried."""
    described = Ask(
        kind=Control.KEPT, tenant=canary.tenant, key=canary.key, asker="the gateway", how="GET"
    )
    try:
        found = raw.read(canary.key)
    except BucketUnavailable as error:
        return Result(described, Verdict.NO_ANSWER, str(error))
    if found == canary.content:
        return Result(described, Verdict.GIVEN, f"{CONTENT_BYTES} bytes, its own")
    return Result(described, Verdict.REFUSED, "gone" if found is None else "other bytes")
