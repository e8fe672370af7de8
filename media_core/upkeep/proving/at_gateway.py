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
from media_core.upkeep.proving.people import Cast, undone

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
    def ways(self) -> list[str]:
        """How a canary is asked for by its own addresses."""
        document, app = self.document.row_id, f"/private/{quote(self.app.app_name)}"
        return [
            f"GET /d/{document}",
            f"HEAD /d/{document}",
            f"GET /d/{document}/{FILE_NAME}",
            f"GET /documents/{document}",
            f"GET /documents/{document}/move",
            f"GET {app}",
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


LISTS = ("GET /", "GET /activity", "GET /visits", "GET /limits")
AT_THE_AGENCY = ("GET /", "GET /history")


def targets(room: Room, canaries: list[Canary]) -> Targets:
    by_spot = {canary.spot: canary for canary in canaries}
    return Targets(room, by_spot[Spot.DOCUMENT], by_spot[Spot.APP])


def gateway_asks(to: Targets, cast: Cast) -> Iterator[GatewayAsk]:
    """Yield everything that is asked of the gateway about one tenant's canaries."""
    for neighbour in to.room.neighbours:
        yield from _at_another_host(to, neighbour, cast.strangers[neighbour.tenant])
    yield from _by_staff(to, cast)
    if to.room.host:
        yield from _at_its_own_host(to, cast)


def _at_another_host(to: Targets, other: Room, session: str) -> Iterator[GatewayAsk]:
    asker, at = f"an admin of {other.tenant.location_prefix}", other.host
    for way in to.ways:
        yield to.asked(Kind.OTHER_TENANT, way, asker=asker, host=at, session=session)
    for way in LISTS:
        yield to.asked(Kind.OTHER_LIST, way, asker=asker, host=at, session=session)
    for way in to.traversals:
        yield to.asked(Kind.GATEWAY_TRAVERSAL, way, asker=asker, host=at, session=session)


def _by_staff(to: Targets, cast: Cast) -> Iterator[GatewayAsk]:
    at, asker = settings.AGENCY_HOST, "agency staff"
    for way in to.ways:
        yield to.asked(Kind.AGENCY, way, asker=asker, host=at, session=cast.staff)
    for way in AT_THE_AGENCY:
        yield to.asked(Kind.OTHER_LIST, way, asker=asker, host=at, session=cast.staff)


def _at_its_own_host(to: Targets, cast: Cast) -> Iterator[GatewayAsk]:
    at, everything = to.room.host, [*to.ways, "GET /"]
    for way in everything:
        yield to.asked(Kind.ANONYMOUS, way, asker=ANYBODY, host=at)
    for asker, session in _with_sessions_of_others(to, cast):
        for way in everything:
            yield to.asked(Kind.OTHER_SESSION, way, asker=asker, host=at, session=session)
    kind = Control.GATEWAY if to.room.tenant.served else Kind.SUSPENDED
    for way in everything:
        yield to.asked(kind, way, asker="its own admin", host=at, session=cast.owner)


def _with_sessions_of_others(to: Targets, cast: Cast) -> Iterator[tuple[str, str]]:
    yield "somebody who is no member any more", cast.removed
    yield "agency staff with the agency's session", cast.staff
    for other in to.room.neighbours:
        session = cast.strangers[other.tenant]
        yield f"an admin of {other.tenant.location_prefix} with their session there", session


def answered(browser: Browser, tried: GatewayAsk, canaries: list[Canary]) -> Result:
    """Make one request, and undo what it wrote; judge the answer."""
    try:
        with undone():
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
