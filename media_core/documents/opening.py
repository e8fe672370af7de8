"""The one statement of an opening: it finds the document as far as the asker may read it, and records the access."""

import uuid
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from django.conf import settings
from django.db.models import (
    BooleanField,
    Case,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Cast, Now
from django.utils import timezone

from media_core.bucket.public_access import is_public
from media_core.documents.models import AccessEvent, Document
from media_core.ledger.models import StoredObject
from media_core.rows import build_stamped_value
from tenants.compiled_queries import TENANT_ID, CompiledQuery
from tenants.people.identity import Member, VisitFacts
from tenants.people.models import Role
from tenants.sql_statements import Parameters, list_columns, run_statement

# What a link and the headers are made of.
STORED_FIELDS: Final = list_columns(
    StoredObject, "id", "name", "area", "place", "state", "size_bytes", "content_type"
)
EVENT_COLUMNS: Final = list_columns(AccessEvent)
FOUND: Final = ["file_name", *(f"stored_{name}" for name in STORED_FIELDS)]
NOTED: Final = ["is_noted", *(f"event_{column}" for column in EVENT_COLUMNS)]


class QueryShape(NamedTuple):
    """What changes the statement: who asks, and whether it is written down. Without a role it is a stranger."""

    role: Role | None
    is_visit: bool
    may_write: bool
    is_noted: bool
    nothing_is_public: bool

    @classmethod
    def count_for(cls, member: Member | None, *, is_noted: bool) -> Self:
        visit = member.visit if member else None
        return cls(
            role=member.role if member else None,
            is_visit=visit is not None,
            may_write=visit is not None and visit.may_write,
            is_noted=is_noted,
            nothing_is_public=settings.PUBLIC_MEDIA_MODE == "gateway",
        )


@dataclass(frozen=True, slots=True)
class ServedObject:
    """A document's name and the object that this asker gets: strangers the public one, members the one they stored."""

    name: str
    stored: StoredObject

    @property
    def is_public(self) -> bool:
        """Whether its public address is given, which is no secret; else a signed one is."""
        return is_public(self.stored)


def find(document_id: UUID, member: Member | None, *, is_noted: bool) -> ServedObject | None:
    """Return what this member, or a stranger, gets of a document; None when they may not read it. One statement.

    With `is_noted` it also writes down who was given a link, where the link is a secret: the row is there, or nothing
    was found. A stranger who is sent to a public address leaves no record.
    """
    shape = QueryShape.count_for(member, is_noted=is_noted)
    sql, parameters = (
        STATEMENT.get_statement(shape).sql,
        STATEMENT.build_parameters(shape, of(member, document_id)),
    )
    rows = run_statement(add_access_event(sql) if is_noted else sql, parameters)
    return make_served(*rows[0]) if rows else None


def make_served(name: str, *stored: Any) -> ServedObject:
    return ServedObject(name, StoredObject.from_db("default", STORED_FIELDS, stored))


EVENT_TABLE: Final = AccessEvent._meta.db_table  # noqa: SLF001 - Django's documented API


def add_access_event(sql: str) -> str:
    """Return the statement that also inserts what it finds into the access record, in one step."""
    event = ", ".join(f'"{column}"' for column in EVENT_COLUMNS)
    return (
        f"WITH found ({', '.join(FOUND + NOTED)}) AS ({sql}), noted AS ("  # noqa: S608 - names of our own columns
        f'INSERT INTO "{EVENT_TABLE}" ({event}) '
        f"SELECT {', '.join(NOTED[1:])} FROM found WHERE is_noted) "
        f"SELECT {', '.join(FOUND)} FROM found"
    )


def of(member: Member | None, document_id: UUID) -> dict[str, object]:
    """Return the values of the statement for this asker."""
    visit = member.visit if member else None
    return {
        "document_id": document_id,
        "event_id": uuid.uuid4(),
        "person_id": member.person_id if member else None,
        "person_name": member.name if member else "",
        "visit_id": visit.id if visit else None,
        "visit_reason": visit.reason if visit else "",
    }


def build_query(shape: QueryShape, values: Parameters) -> QuerySet[Document, Any]:
    """Return the document as far as the asker may read it, with what `find` and the record need of it."""
    member = make_asker(shape, values)
    rows: QuerySet[Document, Any] = (
        Document.objects.readable_by(member)
        .with_object()
        .served_now()
        .filter(pk=values["document_id"])
        .order_by()
    )
    columns: list[Any] = ["name", *(f"original__{name}" for name in STORED_FIELDS)]
    if member is None:
        has_copy = Q(public_copy__state=StoredObject.State.STORED)
        rows = rows.filter(Q(shows_original=True) | has_copy)
        columns = ["name", *(choose_public_column(name) for name in STORED_FIELDS)]
    if not shape.is_noted:
        return rows.values_list(*columns)
    return rows.annotate(**build_event_columns(shape, values)).values_list(*columns, *NOTED)


def choose_public_column(column: str) -> Case:
    """Return this column of the object that a stranger gets of a public document."""
    shows_original = When(shows_original=True, then=F(f"original__{column}"))
    return Case(shows_original, default=F(f"public_copy__{column}"))


def make_asker(shape: QueryShape, values: Parameters) -> Member | None:
    """Return the member of whom it is asked, as permissions know one."""
    if shape.role is None:
        return None
    visit = VisitFacts(
        id=values["visit_id"],
        reason=values["visit_reason"],
        # The session's query has asked whether it goes on.
        ends_at=timezone.now(),
        may_write=shape.may_write,
    )
    return Member(
        values["person_id"], values["person_name"], shape.role, visit if shape.is_visit else None
    )


def build_event_columns(shape: QueryShape, values: Parameters) -> dict[str, Any]:
    """Return the columns of the access record. Its id is written by way of the stamp, as every row's."""
    is_secret = (
        Q(pk__isnull=False)
        if shape.role or shape.nothing_is_public
        else ~Q(public_copy__area=StoredObject.Area.PUBLIC)
    )
    return {
        "is_noted": ExpressionWrapper(is_secret, BooleanField()),
        "event_id": build_stamped_value(values["event_id"]),
        "event_document_id": F("pk"),
        "event_document_name": F("name"),
        "event_person_id": Cast(Value(values["person_id"] if shape.role else None), UUIDField()),
        "event_person_name": Value(values["person_name"]),
        "event_at": Now(),
    }


STATEMENT: Final = CompiledQuery(
    build_query,
    {
        "document_id": UUID,
        "event_id": UUID,
        "person_id": UUID,
        "person_name": str,
        "visit_id": UUID,
        "visit_reason": str,
    },
    needs=frozenset({"document_id", TENANT_ID}),
)
