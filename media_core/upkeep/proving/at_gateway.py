"""At the gateway: the canary's document and file, asked for by everybody at every host that could lead to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote

from django.conf import settings
from django.db import DatabaseError
from django.urls import reverse

from media_core.upkeep.proving.asks import Ask, Control, Kind, Result, Verdict
from media_core.upkeep.proving.browser import Browser, Page
from media_core.upkeep.proving.canaries import FILE_NAME, Canary, Spot
from media_core.upkeep.proving.neighbours import Room
from media_core.upkeep.proving.people import Cast

ANYBODY = "anonymous"


@dataclass(frozen=True, slots=True)
class GatewayAsk:
    """One request to the gateway. A list may be given; the canary must not stand in it, or for a control it must."""

    ask: Ask
    method: str
    host: str
    path: str
    session: str = field(default="", repr=False)
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Targets:
    """What a tenant's canaries are called at the gateway."""

    room: Room
    document: Canary
    app: Canary

    def asked(
        self, kind: Kind | Control, way: str, *, asker: str, host: str, session: str = ""
    ) -> GatewayAsk:
        """Return the ask of one way, which is written as `GET /path`."""
        method, _, path = way.partition(" ")
        canary = self.app if "/private/" in path or "/media/" in path else self.document
        described = Ask(
            kind=kind, tenant=self.room.tenant, key=canary.key, asker=asker, how=f"{way} at {host}"
        )
        is_list = kind == Kind.OTHER_LIST or (isinstance(kind, Control) and path == "/")
        return GatewayAsk(described, method, host, path, session, is_list=is_list)

    @property
    def addresses(self) -> list[str]:
        """How a canary's document and file are asked for: what every kind of asker tries."""
        return [f"GET /d/{self.document.row_id}", f"GET /private/{quote(self.app.app_name)}"]

    @property
    def pages(self) -> list[str]:
        """The other pages and methods that lead to them."""
        document, app = self.document.row_id, f"/private/{quote(self.app.app_name)}"
        return [
            f"HEAD /d/{document}",
            f"GET /d/{document}/{FILE_NAME}",
            f"GET /documents/{document}",
            f"GET /documents/{document}/move",
            f"HEAD {app}",
        ]

    @property
    def traversals(self) -> list[str]:
        """How somebody at another host would climb into this room."""
        key, app = quote(self.app.key), self.app.app_name
        up = "../" * len(key.split("/"))
        ways = [
            f"/private/{up}{key}",
            f"/private/{up.replace('.', '%2e')}{key}",
            f"/private/{up.replace('.', '%252e')}{key}",
            f"/private/{up.replace('/', '%2f')}{key}",
            f"/private/{up.replace('/', '%5c')}{key}",
            f"/media/{up}{key}",
            f"/media/../private/{app}",
            f"/files/{up}{key}",
            f"/files/..%2f..%2f{quote(key, safe='')}/{FILE_NAME}",
            f"/static/{up}{key}",
            f"/{key}",
        ]
        return [f"GET {way}" for way in ways]


TOP = "GET /"


def targets(room: Room, canaries: list[Canary]) -> Targets:
    by_spot = {canary.spot: canary for canary in canaries}
    return Targets(room, by_spot[Spot.DOCUMENT], by_spot[Spot.APP])


def gateway_asks(to: Targets, cast: Cast) -> Iterator[GatewayAsk]:
    """Yield everything that is asked of the gateway about one tenant's canaries."""
    for number, neighbour in enumerate(to.room.neighbours):
        session = cast.strangers[neighbour.tenant]
        # One neighbour tries everything, the other what differs when prefixes are alike.
        yield from _at_another_host(to, neighbour, session, tries_all=number == 0)
    for way in to.addresses:
        yield to.asked(
            Kind.AGENCY, way, asker="agency staff", host=settings.AGENCY_HOST, session=cast.staff
        )
    if to.room.host:
        yield from _at_its_own_host(to, cast)


def _at_another_host(
    to: Targets, other: Room, session: str, *, tries_all: bool
) -> Iterator[GatewayAsk]:
    asker, at = f"an admin of {other.tenant.location_prefix}", other.host
    ways = {
        Kind.OTHER_TENANT: [*to.addresses, *(to.pages if tries_all else ())],
        Kind.OTHER_LIST: [TOP] if tries_all else (),
        Kind.GATEWAY_TRAVERSAL: to.traversals if tries_all else (),
    }
    for kind, theirs in ways.items():
        for way in theirs:
            yield to.asked(kind, way, asker=asker, host=at, session=session)


def _at_its_own_host(to: Targets, cast: Cast) -> Iterator[GatewayAsk]:
    at = to.room.host
    for way in (*to.addresses, *to.pages, TOP):
        yield to.asked(Kind.ANONYMOUS, way, asker=ANYBODY, host=at)
    for asker, session in _with_sessions_of_others(to, cast):
        for way in (*to.addresses, TOP):
            yield to.asked(Kind.OTHER_SESSION, way, asker=asker, host=at, session=session)
    kind = Control.GATEWAY if to.room.tenant.served else Kind.SUSPENDED
    for way in (*to.addresses, TOP):
        yield to.asked(kind, way, asker="its own admin", host=at, session=cast.owner)


def _with_sessions_of_others(to: Targets, cast: Cast) -> Iterator[tuple[str, str]]:
    yield "somebody who is no member any more", cast.removed
    yield "agency staff with the agency's session", cast.staff
    for other in to.room.neighbours:
        session = cast.strangers[other.tenant]
        yield f"an admin of {other.tenant.location_prefix} with their session there", session


def answered(browser: Browser, tried: GatewayAsk, canaries: list[Canary]) -> Result:
    """Make one request and judge the answer. Belongs into `undone`: it may be written down.

    One that fails at the database leaves no answer to those after it: nothing is taken for refused then.
    """
    try:
        page = browser.ask(tried.method, tried.host, tried.path, session=tried.session)
    except DatabaseError as error:
        return Result(tried.ask, Verdict.NO_ANSWER, type(error).__name__)
    return _judged(tried, page, canaries)


def _judged(tried: GatewayAsk, page: Page, canaries: list[Canary]) -> Result:
    marks = [mark for canary in canaries for mark in (str(canary.row_id).encode(), canary.content)]
    shown = any(mark in page.body for mark in marks)
    words = f"{page.status}, {len(page.body)} bytes"
    if page.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Result(tried.ask, Verdict.NO_ANSWER, words)
    if tried.is_list:
        verdict = Verdict.GIVEN if shown else Verdict.REFUSED
        return Result(tried.ask, verdict, f"{words}, {'with' if shown else 'without'} the canary")
    if shown or _gives(page):
        return Result(tried.ask, Verdict.GIVEN, words)
    return Result(tried.ask, Verdict.REFUSED, words)


def _gives(page: Page) -> bool:
    """Return whether the answer is a page, or leads to anything but the way to sign in."""
    if page.status < HTTPStatus.MULTIPLE_CHOICES:
        return True
    to_sign_in = page.location.startswith(reverse("account_login", settings.ROOT_URLCONF))
    return page.status < HTTPStatus.BAD_REQUEST and not to_sign_in
