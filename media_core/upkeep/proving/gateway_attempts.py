"""At the gateway: the canary's document and file, asked for by everybody at every host that could lead to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote

from django.conf import settings
from django.db import DatabaseError
from django.urls import reverse

from media_core.upkeep.proving.attempts import Attempt, AttemptKind, Control, Result, Verdict
from media_core.upkeep.proving.browser import Browser, Page
from media_core.upkeep.proving.canaries import FILE_NAME, Canary, CanaryKind
from media_core.upkeep.proving.neighbours import ProvedTenant
from media_core.upkeep.proving.session_keys import SessionKeys

ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class GatewayAttempt:
    """One request to the gateway. A list may be given; the canary must not stand in it, or for a control it must."""

    ask: Attempt
    method: str
    host: str
    path: str
    session: str = field(default="", repr=False)
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Targets:
    """What a tenant's canaries are called at the gateway."""

    room: ProvedTenant
    document: Canary
    app: Canary

    def asked(
        self, kind: AttemptKind | Control, way: str, *, asker: str, host: str, session: str = ""
    ) -> GatewayAttempt:
        """Return the ask of one way, which is written as `GET /path`."""
        method, _, path = way.partition(" ")
        canary = self.app if "/private/" in path or "/media/" in path else self.document
        described = Attempt(
            kind=kind, tenant=self.room.tenant, key=canary.key, asker=asker, how=f"{way} at {host}"
        )
        is_list = kind == AttemptKind.OTHER_LIST or (isinstance(kind, Control) and path == "/")
        return GatewayAttempt(described, method, host, path, session, is_list=is_list)

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


TOP_LIST = "GET /"


def make_targets(room: ProvedTenant, canaries: list[Canary]) -> Targets:
    by_spot = {canary.kind: canary for canary in canaries}
    return Targets(room, by_spot[CanaryKind.DOCUMENT], by_spot[CanaryKind.APP])


def iterate_gateway_attempts(to: Targets, cast: SessionKeys) -> Iterator[GatewayAttempt]:
    """Yield everything that is asked of the gateway about one tenant's canaries."""
    for number, neighbour in enumerate(to.room.neighbours):
        session = cast.strangers[neighbour.tenant]
        # One neighbour tries everything, the other what differs when prefixes are alike.
        yield from _iterate_other_host(to, neighbour, session, tries_all=number == 0)
    for way in to.addresses:
        yield to.asked(
            AttemptKind.AGENCY,
            way,
            asker="agency staff",
            host=settings.AGENCY_HOST,
            session=cast.staff,
        )
    if to.room.host:
        yield from _iterate_own_host(to, cast)


def _iterate_other_host(
    to: Targets, other: ProvedTenant, session: str, *, tries_all: bool
) -> Iterator[GatewayAttempt]:
    asker, at = f"an admin of {other.tenant.location_prefix}", other.host
    ways = {
        AttemptKind.OTHER_TENANT: [*to.addresses, *(to.pages if tries_all else ())],
        AttemptKind.OTHER_LIST: [TOP_LIST] if tries_all else (),
        AttemptKind.GATEWAY_TRAVERSAL: to.traversals if tries_all else (),
    }
    for kind, theirs in ways.items():
        for way in theirs:
            yield to.asked(kind, way, asker=asker, host=at, session=session)


def _iterate_own_host(to: Targets, cast: SessionKeys) -> Iterator[GatewayAttempt]:
    at = to.room.host
    for way in (*to.addresses, *to.pages, TOP_LIST):
        yield to.asked(AttemptKind.ANONYMOUS, way, asker=ANONYMOUS, host=at)
    for asker, session in _iterate_foreign_sessions(to, cast):
        for way in (*to.addresses, TOP_LIST):
            yield to.asked(AttemptKind.OTHER_SESSION, way, asker=asker, host=at, session=session)
    kind = Control.GATEWAY if to.room.tenant.is_served else AttemptKind.SUSPENDED
    for way in (*to.addresses, TOP_LIST):
        yield to.asked(kind, way, asker="its own admin", host=at, session=cast.owner)


def _iterate_foreign_sessions(to: Targets, cast: SessionKeys) -> Iterator[tuple[str, str]]:
    yield "somebody who is no member any more", cast.removed
    yield "agency staff with the agency's session", cast.staff
    for other in to.room.neighbours:
        session = cast.strangers[other.tenant]
        yield f"an admin of {other.tenant.location_prefix} with their session there", session


def run_attempt(browser: Browser, tried: GatewayAttempt, canaries: list[Canary]) -> Result:
    """Make one request and judge the answer. Belongs into `roll_back_always`: it may be written down.

    One that fails at the database leaves no answer to those after it: nothing is taken for refused then.
    """
    try:
        page = browser.ask(tried.method, tried.host, tried.path, session=tried.session)
    except DatabaseError as error:
        return Result(tried.ask, Verdict.NO_ANSWER, type(error).__name__)
    return _judge(tried, page, canaries)


def _judge(tried: GatewayAttempt, page: Page, canaries: list[Canary]) -> Result:
    marks = [mark for canary in canaries for mark in (str(canary.row_id).encode(), canary.content)]
    shown = any(mark in page.body for mark in marks)
    words = f"{page.status}, {len(page.body)} bytes"
    if page.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Result(tried.ask, Verdict.NO_ANSWER, words)
    if tried.is_list:
        verdict = Verdict.GIVEN if shown else Verdict.REFUSED
        return Result(tried.ask, verdict, f"{words}, {'with' if shown else 'without'} the canary")
    if shown or _is_given(page):
        return Result(tried.ask, Verdict.GIVEN, words)
    return Result(tried.ask, Verdict.REFUSED, words)


def _is_given(page: Page) -> bool:
    """Return whether the answer is a page, or leads to anything but the way to sign in."""
    if page.status < HTTPStatus.MULTIPLE_CHOICES:
        return True
    to_sign_in = page.location.startswith(reverse("account_login", settings.ROOT_URLCONF))
    return page.status < HTTPStatus.BAD_REQUEST and not to_sign_in
