"""Objects of no value in a tenant's room, for others to ask for: in each area, under a row of the ledger each.

Committed, their rows are pending all the time: no list has them and they hold no quota. What a killed run leaves is
what a killed upload leaves, and the sweep removes it.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from media_core.errors import BucketUnavailable
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import Content
from media_core.storages import raw_objects
from media_core.storages.file_types import DOWNLOAD_TYPE
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tenants.prefixes import PRIVATE_AREA, PUBLIC_AREA, ObjectKey

CONTENT_BYTES = 32
FILE_NAME = "canary.bin"
# The bucket's client has more connections than this; more threads only wait for each other.
THREADS = 8

logger = logging.getLogger("media_core.upkeep.proving")

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class CanaryKind(StrEnum):
    """Where in a room a canary sits."""

    DOCUMENT = "document"
    APP = "app"
    INCOMING = "incoming"
    # What a policy of `*/media/*` would publish.
    NESTED = "nested"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Canary:
    """One object, as its asker may know it: all but its bytes."""

    tenant: Tenant
    kind: CanaryKind
    key: ObjectKey
    row_id: UUID = field(default_factory=uuid4)
    app_name: str = ""
    content: bytes = field(
        default_factory=lambda: secrets.token_bytes(CONTENT_BYTES), repr=False, compare=False
    )

    @property
    def area(self) -> str:
        return PUBLIC_AREA if self.kind == CanaryKind.PUBLIC else PRIVATE_AREA


def list_canary_kinds() -> list[CanaryKind]:
    """Return where this deployment puts objects; in mode gateway none is public."""
    nothing_is_public = settings.PUBLIC_MEDIA_MODE == "gateway"
    return [spot for spot in CanaryKind if not (spot == CanaryKind.PUBLIC and nothing_is_public)]


def make_planned_canaries(tenant: Tenant) -> list[Canary]:
    """Return canaries of which only the names exist, for a plan to count with."""
    names = {spot: f"{_build_folder(spot)}/{uuid4()}/{FILE_NAME}" for spot in list_canary_kinds()}
    return [Canary(tenant, spot, tenant.prefix.build_key(name)) for spot, name in names.items()]


def _build_folder(spot: CanaryKind) -> str:
    return {
        CanaryKind.INCOMING: f"{PRIVATE_AREA}/incoming",
        CanaryKind.NESTED: f"{PRIVATE_AREA}/{PUBLIC_AREA}",
        CanaryKind.APP: f"{PRIVATE_AREA}/{StoredObject.Kind.APP}",
        CanaryKind.PUBLIC: PUBLIC_AREA,
    }.get(spot, PRIVATE_AREA)


@contextmanager
def place_canaries(tenants: Iterable[Tenant]) -> Iterator[list[Canary]]:
    """Lend canaries in the rooms of these tenants; after the block, whatever ended it, they are gone.

    Raises BucketUnavailable when they cannot be written. One transaction and two bucket requests for each canary.
    """
    announced: list[Canary] = []
    written: set[UUID] = set()
    with ExitStack() as cleanly:
        cleanly.callback(remove_canaries, announced, written)
        for tenant in tenants:
            announced += _announce_canaries(tenant)
        run_in_threads(lambda canary: _write(canary, written), announced)
        yield announced


def _announce_canaries(tenant: Tenant) -> list[Canary]:
    """Return canaries whose rows are committed, before any of them is written."""
    with bind_tenant(tenant, even_suspended=True), transaction.atomic(durable=True):
        return [_announce_canary(spot, tenant) for spot in list_canary_kinds()]


def _announce_canary(spot: CanaryKind, tenant: Tenant) -> Canary:
    content = secrets.token_bytes(CONTENT_BYTES)
    digest = hashlib.sha256(content).hexdigest()
    facts = Content(FILE_NAME, CONTENT_BYTES, DOWNLOAD_TYPE, digest)
    area = PUBLIC_AREA if spot == CanaryKind.PUBLIC else PRIVATE_AREA
    row = StoredObject.objects.create_pending(facts, area=area, **_build_row_fields(spot))
    return Canary(
        tenant,
        spot,
        row.key,
        row.pk,
        f"canaries/{row.pk}/{FILE_NAME}" if spot == CanaryKind.APP else "",
        content,
    )


def _build_row_fields(spot: CanaryKind) -> dict[str, Any]:
    kind = StoredObject.Kind
    match spot:
        case CanaryKind.APP:
            return {"name": f"{_build_folder(spot)}/{uuid4()}/{FILE_NAME}", "kind": kind.APP}
        case CanaryKind.INCOMING:
            return {"name": f"{_build_folder(spot)}/{uuid4()}/{FILE_NAME}", "kind": kind.INCOMING}
        case CanaryKind.NESTED:
            return {"name": f"{_build_folder(spot)}/{uuid4()}/{FILE_NAME}", "kind": kind.DERIVATIVE}
        case CanaryKind.PUBLIC:
            return {"kind": kind.PUBLIC_COPY}
        case _:
            return {}


def _write(canary: Canary, written: set[UUID]) -> None:
    raw_objects.put(canary.key, canary.content, area=canary.area)
    written.add(canary.row_id)


def remove_canaries(canaries: Iterable[Canary], written: set[UUID]) -> None:
    """Remove canaries and their rows. The sweep gets those that may be there still, or may come late.

    Two statements for each tenant, and one bucket request for each canary.
    """
    known = list(canaries)
    gone = {
        canary.row_id
        for canary, is_gone in zip(known, run_in_threads(_remove, known), strict=True)
        if is_gone
    }
    if left := len(known) - len(gone):
        logger.warning("The bucket did not remove %s canaries: sweep_uploads will.", left)
    for tenant, theirs in group_by_tenant(known).items():
        ids = {canary.row_id for canary in theirs}
        _remove_rows(tenant, over=ids & gone & written, unsure=ids - (gone & written))


def group_by_tenant(canaries: Iterable[Canary]) -> dict[Tenant, list[Canary]]:
    """Return each tenant's canaries, in their order."""
    found: dict[Tenant, list[Canary]] = {}
    for canary in canaries:
        found.setdefault(canary.tenant, []).append(canary)
    return found


def _remove(canary: Canary) -> bool:
    try:
        raw_objects.remove(canary.key)
    except BucketUnavailable:
        return False
    return True


def _remove_rows(tenant: Tenant, *, over: set[UUID], unsure: set[UUID]) -> None:
    with bind_tenant(tenant, even_suspended=True):
        for row in StoredObject.objects.filter(pk__in=unsure):
            row.abandon_or_reopen()
        StoredObject.objects.filter(pk__in=over).delete()


def run_in_threads(work: Callable[[Item], Outcome], items: Iterable[Item]) -> list[Outcome]:
    """Return what the work makes of each, in their order, done by several threads. The first failure ends it."""
    with run_in_background(work, items) as outcomes:
        return list(outcomes)


@contextmanager
def run_in_background(
    work: Callable[[Item], Outcome], items: Iterable[Item]
) -> Iterator[Iterator[Outcome]]:
    """Let threads do the work on each while the block does something else; it may wait for the outcomes."""
    with ExitStack() as pool_is_over:
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="prover")
        pool_is_over.callback(pool.shutdown, cancel_futures=True)
        yield pool.map(work, items)
