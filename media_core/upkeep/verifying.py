"""Compares a tenant's ledger with what lies in the bucket, in the order of keys: neither is held in memory.

A writer at work causes no false report: what looks wrong is asked for once more, row and object, before it is reported.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Collate
from django.utils import timezone

from media_core.bucket.bucket_objects import (
    ListedObject,
    can_public_read,
    find_size,
    iterate_objects,
)
from media_core.errors import ObjectDiffers, ObjectMissing
from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import PENDING_LIFETIME
from media_core.rows import confirm_schema
from media_core.storages.tenant_storage import verify_bytes
from media_core.upkeep.app_file_bytes import find_wrongly_taken_down, has_other_bytes
from tenants.binding import bound_tenant

State, Place, Area = StoredObject.State, StoredObject.Place, StoredObject.Area
UNFINISHED = frozenset({State.PENDING, State.ABANDONED})
ROWS_AT_ONCE = 2_000
# So many objects are asked for anonymously at once.
THREADS, BATCH = 8, 256

Item = TypeVar("Item")


class Problem(StrEnum):
    MISSING = "missing"
    ORPHANED = "orphaned"
    WRONG_SIZE = "wrong size"
    WRONG_BYTES = "wrong bytes"
    NOT_PUBLIC = "not public"
    PUBLIC = "public"
    PENDING = "pending too long"
    TAKEN_DOWN = "taken down"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one object. `name` is its key in the tenant's prefix."""

    problem: Problem
    name: str
    row_id: UUID | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LedgerPair:
    """What ledger and listing have under one name: at least one of them has something."""

    name: str
    row: StoredObject | None
    listed: ListedObject | None


def verify_ledger(*, sample: int = 0) -> Iterator[Finding]:
    """Yield what is wrong with the bound tenant's objects in the bucket, in the order of their names.

    With a sample, so many objects are read back afterwards and compared with their digests, and the private ones of
    them are asked for by a stranger. One query, with a FETCH for each 2,000 rows; one request for each 1,000 objects,
    and one for each public object. At the end come the files of apps that are taken down though the tenant is served.
    Raises BucketUnavailable.
    """
    # In another's schema nothing is found, and every object would be an orphan.
    confirm_schema()
    for pairs in take_batches(iterate_pairs(), BATCH):
        yield from check_pairs(pairs)
    if sample:
        yield from check_sample(sample)
    for file in find_wrongly_taken_down():
        yield Finding(Problem.TAKEN_DOWN, file.public_name, file.stored_object_id)


def iterate_pairs() -> Iterator[LedgerPair]:
    """Yield rows and objects of the bound tenant side by side, in the order of names as bytes."""
    prefix = str(bound_tenant().prefix)
    rows, objects = _iterate_rows(), iterate_objects(prefix)
    row, listed = next(rows, None), next(objects, None)
    while row or listed:
        name = listed.key.removeprefix(prefix) if listed else ""
        if listed and row and name == row.name:
            yield LedgerPair(name, row, listed)
            row, listed = next(rows, None), next(objects, None)
        elif row and (not listed or row.name.encode() < name.encode()):
            yield LedgerPair(row.name, row, None)
            row = next(rows, None)
        else:
            yield LedgerPair(name, None, listed)
            listed = next(objects, None)


def _iterate_rows() -> Iterator[StoredObject]:
    """Yield the rows in the order of names as bytes; those on disk too, since a restored row may be wrong in that."""
    rows = _rows().order_by(Collate("name", "C"))
    found: Iterator[StoredObject] = rows.iterator(ROWS_AT_ONCE)
    return found


def _rows() -> QuerySet[StoredObject]:
    found: QuerySet[StoredObject] = StoredObject.objects.exclude(state=State.GONE)
    return found


def check_pairs(pairs: list[LedgerPair]) -> Iterator[Finding]:
    """Yield what is wrong with these."""
    is_shown = settings.PUBLIC_MEDIA_MODE != "gateway"
    public = [pair for pair in pairs if pair.listed and pair.name.startswith(f"{Area.PUBLIC}/")]
    readable = map_in_threads(can_public_read, [_build_key(pair) for pair in public])
    is_readable = dict(zip((pair.name for pair in public), readable, strict=True))
    for pair in pairs:
        finding = check_pair(pair) or _check_access(pair, is_readable, is_shown=is_shown)
        if finding and _is_unchanged(finding, pair):
            yield finding


def check_pair(pair: LedgerPair) -> Finding | None:
    """Return what is wrong between row and object, whoever can read it."""
    row = pair.row
    if row is None:
        return Finding(Problem.ORPHANED, pair.name)
    if Place.BUCKET not in {row.place, row.left_in}:
        on_disk = Finding(Problem.ORPHANED, pair.name, row.pk, "its row says that it is on disk")
        return on_disk if pair.listed else None
    if row.state in UNFINISHED and row.created_at < timezone.now() - PENDING_LIFETIME:
        return Finding(Problem.PENDING, pair.name, row.pk, f"since {row.created_at:%Y-%m-%d %H:%M}")
    is_expected = row.state == State.STORED and row.place == Place.BUCKET
    return _compare(row, pair.listed) if is_expected else None


def _compare(row: StoredObject, listed: ListedObject | None) -> Finding | None:
    if listed is None:
        return Finding(Problem.MISSING, row.name, row.pk)
    if listed.size_bytes == row.size_bytes:
        return (
            Finding(Problem.WRONG_BYTES, row.name, row.pk) if has_other_bytes(row, listed) else None
        )
    detail = f"{listed.size_bytes} bytes instead of {row.size_bytes}"
    return Finding(Problem.WRONG_SIZE, row.name, row.pk, detail)


def _check_access(
    pair: LedgerPair, is_readable: dict[str, bool], *, is_shown: bool
) -> Finding | None:
    row = pair.row
    if row is None or pair.name not in is_readable:
        return None
    should = is_shown and row.place == Place.BUCKET
    if should and not is_readable[pair.name] and _is_published(row):
        return Finding(Problem.NOT_PUBLIC, pair.name, row.pk)
    if is_readable[pair.name] and (_is_overdue(row) or not is_shown):
        return Finding(Problem.PUBLIC, pair.name, row.pk)
    return None


def _is_published(row: StoredObject) -> bool:
    """Return whether the public is to get it: not what an app deleted, or never came to own."""
    return bool(StoredObject.objects.published().filter(pk=row.pk).exists())


def _is_overdue(row: StoredObject) -> bool:
    """Return whether it should have been removed long ago."""
    due = row.purge_after if row.state == State.CONDEMNED else None
    return due is not None and due < timezone.now() - PENDING_LIFETIME


def _is_unchanged(finding: Finding, pair: LedgerPair) -> bool:
    """Return whether row and object are as they were seen, and neither is being written or removed."""
    # PostgreSQL has no text with this character.
    rows = _rows().none() if "\0" in pair.name else _rows().filter(name=pair.name)
    row: StoredObject | None = rows.first()
    if (row and _state_of(row)) != (pair.row and _state_of(pair.row)):
        return False
    if finding.problem == Problem.PENDING:
        return True
    size_bytes = find_size(_build_key(pair))
    return size_bytes == (pair.listed.size_bytes if pair.listed else None)


def _state_of(row: StoredObject) -> tuple[UUID, str, str, str]:
    return row.pk, row.state, row.place, row.left_in


def check_sample(sample: int) -> Iterator[Finding]:
    """Look closely at so many objects, chosen by chance: read them back, and ask for them as a stranger."""
    stored = _rows().filter(state=State.STORED, place=Place.BUCKET)
    chosen: Iterator[StoredObject] = stored.order_by("?")[:sample].iterator(ROWS_AT_ONCE)
    for row in chosen:
        problem = _check_bytes_and_access(row)
        # Neither is being written, moved or removed.
        same = _rows().filter(pk=row.pk, state=row.state, place=row.place, left_in=row.left_in)
        if problem and same.exists():
            yield Finding(problem, row.name, row.pk)


def _check_bytes_and_access(row: StoredObject) -> Problem | None:
    """Return what is wrong with the bytes, or with who gets them. Two requests at most."""
    try:
        verify_bytes(row)
    except ObjectDiffers:
        return Problem.WRONG_BYTES
    except ObjectMissing:
        return Problem.MISSING
    # Who gets those in the other area is asked of each.
    is_open = row.area == Area.PRIVATE and can_public_read(row.key)
    return Problem.PUBLIC if is_open else None


def _build_key(pair: LedgerPair) -> str:
    return pair.listed.key if pair.listed else str(bound_tenant().prefix.build_key(pair.name))


def map_in_threads(ask: Callable[[str], bool], keys: list[str]) -> list[bool]:
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(ask, keys))


def take_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of this many; the last may be shorter.

    >>> list(take_batches("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
