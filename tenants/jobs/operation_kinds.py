"""The kinds of operations that this code knows, and what each has to bring along."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from django.db.models import QuerySet

Parameters: TypeAlias = Mapping[str, Any]

# So many ids are read at once.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Amount:
    """How many objects, and how large they are together."""

    objects: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Item:
    """One object that an operation works on. By its position an operation that stopped there finds it again."""

    position: str
    object_id: UUID
    size_bytes: int


class OperationWork(ABC):
    """What an operation of some kind does for the bound tenant, object by object, each in about a second at most."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    @abstractmethod
    def begin(self) -> None:
        """Get ready, at the beginning of each step. Raises GatewayError while nothing may be done."""

    def is_wanted(self) -> bool:
        """Return False when it has become pointless: then it is cancelled."""
        return True

    @abstractmethod
    def count(self) -> Amount:
        """Return how much there is to do. One query or two."""

    @abstractmethod
    def iterate(self, cursor: str) -> Iterator[Item]:
        """Yield what is to be done, in an order that does not change.

        First the item at the cursor itself, whether or not it still is to be done: it may have been under way when
        the process was killed. Then what comes after it.
        """

    @abstractmethod
    def work_on(self, item: Item) -> bool:
        """Do one, or once more; return False when there is nothing of it any more. Raises GatewayError."""

    @abstractmethod
    def finish(self) -> None:
        """Do what is left when all items are done. It may be done again."""


@dataclass(frozen=True, kw_only=True)
class OperationKind:
    """A kind of operation. `name` is also that of the job that works on it."""

    name: str
    # For the page of jobs: what it does.
    summary: str
    # What people read, by its parameters.
    title: Callable[[Parameters], str]
    work: Callable[[Parameters], OperationWork]


_kinds: dict[str, OperationKind] = {}


def register_operation(kind: OperationKind) -> None:
    _kinds[kind.name] = kind


def operation_title(kind: str, parameters: Parameters) -> str:
    """Return what people call an operation; its kind's name, when only newer code knows more."""
    known = _kinds.get(kind)
    return known.title(parameters) if known else kind


def iterate_ids(rows: QuerySet[Any, Any], *, size: str, after: str) -> Iterator[tuple[UUID, int]]:
    """Yield ids and sizes of rows by their primary keys, after one of them; read in batches, as they are by then."""
    rows = rows.order_by("pk").values_list("pk", size)
    last: object = after or None
    while True:
        batch = list((rows.filter(pk__gt=last) if last else rows)[:BATCH])
        for row_id, size_bytes in batch:
            yield row_id, size_bytes or 0
        if len(batch) < BATCH:
            return
        last = batch[-1][0]
