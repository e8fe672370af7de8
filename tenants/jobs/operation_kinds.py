"""The kinds of operations: what each must implement, and the registry of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from django.db.models import QuerySet

Parameters: TypeAlias = Mapping[str, Any]

BATCH_ROWS = 500


@dataclass(frozen=True, slots=True)
class OperationTotals:
    """A number of objects, and their total size."""

    objects: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class OperationItem:
    """One object that an operation works on. An operation that stopped there continues at its position."""

    position: str
    object_id: UUID
    size_bytes: int


class OperationWork(ABC):
    """The work of one kind of operation for the bound tenant, object by object. Each takes about a second at most."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    @abstractmethod
    def begin(self) -> None:
        """Prepare each step. Raises GatewayError while the work must not be done."""

    def is_wanted(self) -> bool:
        """Return whether there is still a reason for the work. If not, the operation is cancelled."""
        return True

    @abstractmethod
    def count(self) -> OperationTotals:
        """Return how much there is to do. One or two queries."""

    @abstractmethod
    def iterate(self, cursor: str) -> Iterator[OperationItem]:
        """Yield the objects to work on, in a stable order, from the cursor on.

        Yield the object at the cursor in any case, even if it looks done: it may have been under way when the process
        was killed.
        """

    @abstractmethod
    def work_on(self, item: OperationItem) -> bool:
        """Work on one object; return False when it is gone. Must be safe to repeat. Raises GatewayError."""

    @abstractmethod
    def finish(self) -> None:
        """Clean up after the last object. Must be safe to repeat."""


@dataclass(frozen=True, kw_only=True)
class OperationKind:
    """A kind of operation. The job that works on it has the same name."""

    name: str
    # For the page of jobs.
    summary: str
    # The title of an operation with these parameters.
    title: Callable[[Parameters], str]
    work: Callable[[Parameters], OperationWork]


_kinds: dict[str, OperationKind] = {}


def register_operation(kind: OperationKind) -> None:
    _kinds[kind.name] = kind


def is_operation(name: str) -> bool:
    """Return whether jobs of this name work on operations."""
    return name in _kinds


def find_title(kind: str, parameters: Parameters) -> str:
    """Return the title of an operation; the name of its kind when this version of the code does not know it."""
    known = _kinds.get(kind)
    return known.title(parameters) if known else kind


def iterate_ids(rows: QuerySet[Any, Any], *, size: str, after: str) -> Iterator[tuple[UUID, int]]:
    """Yield id and size of each row in the order of primary keys, after the given one. Reads in batches."""
    rows = rows.order_by("pk").values_list("pk", size)
    last: object = after or None
    while True:
        batch = list((rows.filter(pk__gt=last) if last else rows)[:BATCH_ROWS])
        for row_id, size_bytes in batch:
            yield row_id, size_bytes or 0
        if len(batch) < BATCH_ROWS:
            return
        last = batch[-1][0]
