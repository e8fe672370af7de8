"""A proof of isolation: canaries in every room, everybody who must not get them, one who may, and what came of it."""

import time
from collections.abc import Callable, Iterable
from uuid import uuid4

from django.db import close_old_connections, connection
from django.utils import timezone

from media_core.app_files.models import AppFile
from media_core.documents.models import Document
from media_core.ledger.models import StoredObject
from media_core.storages.bucket.models import Attestation
from media_core.storages.bucket.strangers import (
    MAX_BEHIND_SECONDS,
    Request,
    ask,
    bucket_url,
    seconds_behind,
)
from media_core.upkeep.proving import at_bucket, at_gateway
from media_core.upkeep.proving.asks import Result
from media_core.upkeep.proving.at_bucket import BucketAsk
from media_core.upkeep.proving.attestation import attested
from media_core.upkeep.proving.browser import Browser, as_part_of_the_caller
from media_core.upkeep.proving.canaries import (
    FILE_NAME,
    Canary,
    at_once,
    by_tenant,
    canaries_of,
    made_up,
    meanwhile,
)
from media_core.upkeep.proving.in_rooms import from_its_own_room, from_other_rooms
from media_core.upkeep.proving.links import (
    STALE_AFTER_SECONDS,
    Links,
    control,
    document_of,
    links_for,
    stale,
    tampered,
)
from media_core.upkeep.proving.neighbours import Room
from media_core.upkeep.proving.people import NAME, cast_for, undone
from media_core.upkeep.proving.plan import planned
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tenants.prefixes import PRIVATE_AREA

# A line of progress for so many tenants.
TOLD_EVERY = 10

Tell = Callable[[str], object]
Placed = dict[Tenant, list[Canary]]


def prove(rooms: list[Room], *, tell: Tell, keeps_connection: bool = False) -> Attestation:
    """Return the attestation, stored, of what was tried for these tenants.

    A worker keeps its connection, which holds the lock of the job. Raises BucketUnavailable when the canaries cannot be
    written; then nothing is attested. Requests as `planned` says.
    """
    started = time.monotonic()
    with canaries_of(room.tenant for room in rooms) as placed:
        tell(f"{len(placed)} canaries are in their places.")
        results = _tried(rooms, by_tenant(placed), tell, keeps_connection=keeps_connection)
    return attested(rooms, results, planned(rooms), seconds=time.monotonic() - started)


def _tried(
    rooms: list[Room], canaries: Placed, tell: Tell, *, keeps_connection: bool
) -> list[Result]:
    everything = [canary for theirs in canaries.values() for canary in theirs]
    reads = [
        *at_bucket.listing(room.tenant for room in rooms),
        *at_bucket.reading(everything),
    ]
    # The bucket answers others while the gateway answers us.
    with meanwhile(at_bucket.answered, reads) as answers:
        results = list(_at_the_gateway(rooms, canaries, tell, keeps_connection=keeps_connection))
        tell("The gateway was asked. Now the rest at the bucket.")
        results += answers
    links = [_links(room, canaries[room.tenant]) for room in rooms if room.tenant.served]
    results += _with_links(links)
    # Last, for what one of them did would hide what others may.
    results += at_once(at_bucket.answered, [*at_bucket.changing(everything), *_changes(links)])
    results += at_once(at_bucket.kept, everything)
    return results


def _with_links(links: list[Links]) -> list[Result]:
    """Return what came of reading by links: as they are, tampered with, and when their time is over."""
    over_at = time.monotonic() + STALE_AFTER_SECONDS + min(_behind(), MAX_BEHIND_SECONDS)
    asks = [*map(control, links), *(one for one in _tampered(links) if not _is_change(one))]
    results = at_once(at_bucket.answered, asks)
    time.sleep(max(0.0, over_at - time.monotonic()))
    return results + at_once(at_bucket.answered, map(stale, links))


def _behind() -> float:
    """Return how many seconds the bucket's clock, by which links end, is behind ours. One request."""
    return max(0.0, seconds_behind(ask(Request("HEAD", bucket_url()))) or 0.0)


def _changes(links: list[Links]) -> list[BucketAsk]:
    return [one for one in _tampered(links) if _is_change(one)]


def _tampered(links: list[Links]) -> Iterable[BucketAsk]:
    return (one for each in links for one in tampered(each))


def _is_change(one: BucketAsk) -> bool:
    return one.request.method not in {"GET", "HEAD"}


def _links(room: Room, canaries: list[Canary]) -> Links:
    neighbours = [(other.tenant, document_of(made_up(other.tenant))) for other in room.neighbours]
    return links_for(document_of(canaries), neighbours)


def _at_the_gateway(
    rooms: list[Room], canaries: Placed, tell: Tell, *, keeps_connection: bool
) -> Iterable[Result]:
    browser = Browser()
    with as_part_of_the_caller():
        for number, room in enumerate(rooms, start=1):
            yield from _of_one_room(browser, room, canaries[room.tenant])
            if not (keeps_connection or connection.in_atomic_block):
                # One that stood in many schemas is exchanged, as it is between requests.
                close_old_connections()
            if number % TOLD_EVERY == 0:
                tell(f"{number} of {len(rooms)} tenants asked for at the gateway.")


def _of_one_room(browser: Browser, room: Room, canaries: list[Canary]) -> list[Result]:
    """Return what came of asking inside the gateway, in one transaction of which nothing stays."""
    to = at_gateway.targets(room, canaries)
    with undone():
        row = _as_if_stored(to)
        results = [*from_other_rooms(to, row), from_its_own_room(to)]
        cast = cast_for(room.tenant, [other.tenant for other in room.neighbours])
        results += [
            at_gateway.answered(browser, tried, canaries)
            for tried in at_gateway.gateway_asks(to, cast)
        ]
    return results


def _as_if_stored(to: at_gateway.Targets) -> StoredObject:
    """Let the tenant have a document and an app's file of the canaries; return the file's row. Belongs into `undone`.

    Five statements. They touch no quota: its row would keep uploads waiting.
    """
    with bind_tenant(to.room.tenant, even_suspended=True):
        now, rows = timezone.now(), StoredObject.objects
        there = {"state": StoredObject.State.STORED, "stored_at": now}
        rows.filter(pk=to.document.row_id).update(**there)
        rows.filter(pk=to.app.row_id).update(**there)
        AppFile.objects.create(
            area=PRIVATE_AREA, name=to.app.app_name, stored_object_id=to.app.row_id,
            state=AppFile.State.SAVED, saved_at=now,
        )  # fmt: skip
        Document.objects.create(
            id=to.document.row_id,
            title=NAME,
            name=FILE_NAME,
            original_id=to.document.row_id,
            created_by_id=uuid4(),
            created_by_name=NAME,
        )
        row: StoredObject = rows.get(pk=to.app.row_id)
        return row
