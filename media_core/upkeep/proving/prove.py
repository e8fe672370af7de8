"""A proof of isolation: canaries in every room, everybody who must not get them, one who may, and what came of it."""

import time
from collections.abc import Callable, Iterable
from uuid import uuid4

from django.db import close_old_connections, connection
from django.utils import timezone

from media_core.app_files.models import AppFile
from media_core.bucket.anonymous_http import (
    MAX_CLOCK_LAG_SECONDS,
    BucketRequest,
    build_bucket_url,
    measure_clock_lag,
    send_anonymously,
)
from media_core.bucket.models import Attestation
from media_core.documents.models import Document
from media_core.ledger.models import StoredObject
from media_core.upkeep.proving import bucket_attempts, gateway_attempts
from media_core.upkeep.proving.attempts import Result
from media_core.upkeep.proving.attestation import store_attestation
from media_core.upkeep.proving.browser import Browser, keep_caller_connection
from media_core.upkeep.proving.bucket_attempts import BucketAttempt
from media_core.upkeep.proving.canaries import (
    FILE_NAME,
    Canary,
    group_by_tenant,
    make_planned_canaries,
    place_canaries,
    run_in_background,
    run_in_threads,
)
from media_core.upkeep.proving.code_attempts import try_from_other_tenants, try_from_own_tenant
from media_core.upkeep.proving.neighbours import ProvedTenant
from media_core.upkeep.proving.plan import make_plan
from media_core.upkeep.proving.session_keys import PROVER_NAME, make_sessions, roll_back_always
from media_core.upkeep.proving.url_attempts import (
    STALE_AFTER_SECONDS,
    CanaryUrls,
    find_document_canary,
    iterate_tampered,
    make_control,
    make_stale_attempt,
    sign_canary_urls,
)
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tenants.prefixes import PRIVATE_AREA

# A line of progress for so many tenants.
PROGRESS_EVERY = 10

Tell = Callable[[str], object]
CanariesByTenant = dict[Tenant, list[Canary]]


def prove(rooms: list[ProvedTenant], *, tell: Tell, keeps_connection: bool = False) -> Attestation:
    """Return the attestation, stored, of what was tried for these tenants.

    A worker keeps its connection, which holds the lock of the job. Raises BucketUnavailable when the canaries cannot be
    written; then nothing is attested. Requests as `make_plan` says.
    """
    started = time.monotonic()
    with place_canaries(room.tenant for room in rooms) as placed:
        tell(f"{len(placed)} canaries are in their places.")
        results = _run_attempts(
            rooms, group_by_tenant(placed), tell, keeps_connection=keeps_connection
        )
    return store_attestation(rooms, results, make_plan(rooms), seconds=time.monotonic() - started)


def _run_attempts(
    rooms: list[ProvedTenant], canaries: CanariesByTenant, tell: Tell, *, keeps_connection: bool
) -> list[Result]:
    everything = [canary for theirs in canaries.values() for canary in theirs]
    reads = [
        *bucket_attempts.iterate_lists(room.tenant for room in rooms),
        *bucket_attempts.iterate_reads(everything),
    ]
    # The bucket answers others while the gateway answers us.
    with run_in_background(bucket_attempts.run_attempt, reads) as answers:
        results = list(
            _iterate_gateway_results(rooms, canaries, tell, keeps_connection=keeps_connection)
        )
        tell("The gateway was asked. Now the rest at the bucket.")
        results += answers
    links = [_sign_urls(room, canaries[room.tenant]) for room in rooms if room.tenant.is_served]
    results += _run_url_attempts(links)
    # Last, for what one of them did would hide what others may.
    results += run_in_threads(
        bucket_attempts.run_attempt,
        [*bucket_attempts.iterate_changes(everything), *_list_changes(links)],
    )
    results += run_in_threads(bucket_attempts.verify_canary, everything)
    return results


def _run_url_attempts(links: list[CanaryUrls]) -> list[Result]:
    """Return what came of reading by links: as they are, tampered with, and when their time is over."""
    over_at = time.monotonic() + STALE_AFTER_SECONDS + min(_measure_lag(), MAX_CLOCK_LAG_SECONDS)
    asks = [
        *map(make_control, links),
        *(one for one in _iterate_tampered(links) if not _is_change(one)),
    ]
    results = run_in_threads(bucket_attempts.run_attempt, asks)
    time.sleep(max(0.0, over_at - time.monotonic()))
    return results + run_in_threads(bucket_attempts.run_attempt, map(make_stale_attempt, links))


def _measure_lag() -> float:
    """Return how many seconds the bucket's clock, by which links end, is behind ours. One request."""
    return max(
        0.0, measure_clock_lag(send_anonymously(BucketRequest("HEAD", build_bucket_url()))) or 0.0
    )


def _list_changes(links: list[CanaryUrls]) -> list[BucketAttempt]:
    return [one for one in _iterate_tampered(links) if _is_change(one)]


def _iterate_tampered(links: list[CanaryUrls]) -> Iterable[BucketAttempt]:
    return (one for each in links for one in iterate_tampered(each))


def _is_change(one: BucketAttempt) -> bool:
    return one.request.method not in {"GET", "HEAD"}


def _sign_urls(room: ProvedTenant, canaries: list[Canary]) -> CanaryUrls:
    neighbours = [
        (other.tenant, find_document_canary(make_planned_canaries(other.tenant)))
        for other in room.neighbours
    ]
    return sign_canary_urls(find_document_canary(canaries), neighbours)


def _iterate_gateway_results(
    rooms: list[ProvedTenant], canaries: CanariesByTenant, tell: Tell, *, keeps_connection: bool
) -> Iterable[Result]:
    browser = Browser()
    with keep_caller_connection():
        for number, room in enumerate(rooms, start=1):
            yield from _run_gateway_attempts(browser, room, canaries[room.tenant])
            if not (keeps_connection or connection.in_atomic_block):
                # One that stood in many schemas is exchanged, as it is between requests.
                close_old_connections()
            if number % PROGRESS_EVERY == 0:
                tell(f"{number} of {len(rooms)} tenants asked for at the gateway.")


def _run_gateway_attempts(
    browser: Browser, room: ProvedTenant, canaries: list[Canary]
) -> list[Result]:
    """Return what came of asking inside the gateway, in one transaction of which nothing stays."""
    to = gateway_attempts.make_targets(room, canaries)
    with roll_back_always():
        row = _mark_stored(to)
        results = [*try_from_other_tenants(to, row), try_from_own_tenant(to)]
        cast = make_sessions(room.tenant, [other.tenant for other in room.neighbours])
        results += [
            gateway_attempts.run_attempt(browser, tried, canaries)
            for tried in gateway_attempts.iterate_gateway_attempts(to, cast)
        ]
    return results


def _mark_stored(to: gateway_attempts.Targets) -> StoredObject:
    """Make a document and an app file of the canaries; return the file's row. Belongs into `roll_back_always`.

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
            title=PROVER_NAME,
            name=FILE_NAME,
            original_id=to.document.row_id,
            created_by_id=uuid4(),
            created_by_name=PROVER_NAME,
        )
        row: StoredObject = rows.get(pk=to.app.row_id)
        return row
