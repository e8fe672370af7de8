"""Links: what one may be turned into by whoever holds it, and what is left of it when its time is over."""

import re
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from urllib.parse import quote

from media_core.bucket.anonymous_http import BucketRequest
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import sign_url
from media_core.upkeep.proving.attempts import Attempt, AttemptKind, Control
from media_core.upkeep.proving.bucket_attempts import BucketAttempt
from media_core.upkeep.proving.canaries import FILE_NAME, Canary, CanaryKind
from tenants.binding import bind_tenant
from tenants.models import Tenant

STALE_LIFETIME_SECONDS = 1
# From the signing on. A second for its life, one that clocks are cut off by, one for clocks that differ.
STALE_AFTER_SECONDS = 3.0
HOLDER = "whoever holds the link"


@dataclass(frozen=True, slots=True)
class CanaryUrls:
    """The links of one tenant's canary, and what its neighbours' links say of objects of their own."""

    canary: Canary
    own: str = field(repr=False)
    stale: str = field(repr=False)
    # By the neighbour: a canary of theirs, and its link.
    borrowed: tuple[tuple[Canary, str], ...] = field(repr=False)


def sign_canary_urls(canary: Canary, neighbours: list[tuple[Tenant, Canary]]) -> CanaryUrls:
    """Return the links to one canary, as the gateway signs them, and one of each neighbour's. No request, no query."""
    brief = copy(canary.tenant)
    brief.presign_seconds = STALE_LIFETIME_SECONDS
    return CanaryUrls(
        canary=canary,
        own=sign_canary_url(canary, canary.tenant),
        stale=sign_canary_url(canary, brief),
        borrowed=tuple((theirs, sign_canary_url(theirs, tenant)) for tenant, theirs in neighbours),
    )


def sign_canary_url(canary: Canary, tenant: Tenant) -> str:
    """Return the link that the gateway's only signer gives for a canary, as if it were stored."""
    with bind_tenant(tenant):
        row = StoredObject(
            id=canary.row_id,
            name=tenant.prefix.extract_name(canary.key),
            area=canary.area,
            state=StoredObject.State.STORED,
            content_type="application/octet-stream",
        )
        return sign_url(row, file_name=FILE_NAME)


def make_control(links: CanaryUrls) -> BucketAttempt:
    """Return the ask that must be given: the link as it was signed."""
    return _make_attempt(links, Control.LINK, "GET", links.own)


def make_stale_attempt(links: CanaryUrls) -> BucketAttempt:
    """Return the ask for a link whose time is over; ask it STALE_AFTER_SECONDS after it was signed."""
    return _make_attempt(links, AttemptKind.STALE, "GET", links.stale)


def iterate_tampered(links: CanaryUrls) -> Iterator[BucketAttempt]:
    """Yield what the holder of a link may make of it, and what neighbours may make of theirs."""
    for how, change in CHANGES.items():
        yield _make_attempt(links, AttemptKind.TAMPERED, "GET", change(links.own), how)
    for method in ("PUT", "DELETE"):
        yield _make_attempt(links, AttemptKind.TAMPERED, method, links.own, "with a link to read")
    for theirs, link in links.borrowed:
        for how, path in _iterate_borrowed_paths(theirs, links.canary):
            borrowed = link.replace(quote(theirs.key), path, 1)
            yield _make_attempt(
                links, AttemptKind.BORROWED, "GET", borrowed, f"{how}, by {theirs.tenant.prefix}"
            )


def _iterate_borrowed_paths(theirs: Canary, wanted: Canary) -> Iterator[tuple[str, str]]:
    """Yield how somebody writes the path of another's object with a signature for one of their own."""
    room = str(theirs.tenant.prefix)
    up = len(f"{room}private/".rstrip("/").split("/"))
    yield "its path", quote(wanted.key)
    for dots in ("..", "%2e%2e"):
        yield f"{dots} in the path", f"{room}private/{f'{dots}/' * up}{wanted.key}"


def _make_attempt(
    links: CanaryUrls,
    kind: AttemptKind | Control,
    method: str,
    url: str,
    how: str = "as it was signed",
) -> BucketAttempt:
    wanted = links.canary
    described = Attempt(
        kind=kind, tenant=wanted.tenant, key=wanted.key, asker=HOLDER, how=f"{method}, {how}"
    )
    return BucketAttempt(described, BucketRequest(method, url), wanted.content)


def _change_signature(link: str) -> str:
    return re.sub(
        r"(?<=[?&])((?:X-Amz-)?Signature=)(.)",
        lambda found: found[1] + ("0" if found[2] != "0" else "1"),
        link,
    )


def _extend_lifetime(link: str) -> str:
    longer = re.sub(r"(?<=[?&])(X-Amz-Expires=)\d+", r"\g<1>604800", link)
    return re.sub(
        r"(?<=[?&])(Expires=)(\d+)", lambda found: f"{found[1]}{int(found[2]) + 86_400}", longer
    )


def _change_type(link: str) -> str:
    return re.sub(r"(?<=[?&])(response-content-type=)[^&]*", r"\g<1>text%2Fhtml", link)


def _remove_disposition(link: str) -> str:
    return re.sub(r"(?<=[?&])response-content-disposition=[^&]*&?", "", link)


CHANGES: dict[str, Callable[[str], str]] = {
    "another signature": _change_signature,
    "a longer life": _extend_lifetime,
    "another type": _change_type,
    "its disposition taken off": _remove_disposition,
}


def find_document_canary(canaries: list[Canary]) -> Canary:
    """Return the canary that stands for a document."""
    return next(canary for canary in canaries if canary.kind == CanaryKind.DOCUMENT)
