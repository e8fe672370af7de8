"""The kinds of use: each looks into rooms, and says for every look whose room it was and whose rows were there."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from contextvars import copy_context
from dataclasses import dataclass

from django.db import DatabaseError, connection, transaction

from media_core.documents.models import AccessEvent, Document
from tenants.binding import bind_agency, bind_tenant, bound_tenant, on_commit
from tenants.errors import BindingDisagrees
from tenants.models import Tenant


@dataclass(frozen=True)
class Look:
    """Whose room was meant, and whose rows were found in it: every row's title is its tenant's name."""

    meant: str
    found: frozenset[str]


Kind = Callable[[Tenant, Tenant], list[Look]]


class Undone(Exception):
    """What a piece of work fails with here."""


class Eye:
    """How a look is taken: by the rows, which ask the stamp, and where `also_raw` also by SQL, which does not."""

    also_raw = True


def look(tenant: Tenant) -> Look:
    found = set(Document.objects.values_list("title", flat=True))
    return Look(tenant.name, frozenset(found | (raw_titles() if Eye.also_raw else set())))


def raw_titles() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT title FROM media_core_document")
        return {title for (title,) in cursor.fetchall()}


def plain_query(ours: Tenant, _: Tenant) -> list[Look]:
    return [look(ours)]


def raw_cursor(ours: Tenant, other: Tenant) -> list[Look]:
    if not Eye.also_raw:
        return []
    with bind_tenant(other):
        theirs = Look(other.name, frozenset(raw_titles()))
    return [theirs, Look(ours.name, frozenset(raw_titles()))]


def in_a_transaction(ours: Tenant, _: Tenant) -> list[Look]:
    with transaction.atomic():
        return [look(ours), look(ours)]


def long_transaction(ours: Tenant, _: Tenant) -> list[Look]:
    with transaction.atomic():
        before = look(ours)
        time.sleep(0.02)
        return [before, look(ours)]


def savepoint_rolled_back(ours: Tenant, other: Tenant) -> list[Look]:
    seen = []
    with transaction.atomic():
        with suppress(Undone), transaction.atomic(), bind_tenant(other):
            seen.append(look(other))
            raise Undone
        seen.append(look(ours))
    return [*seen, look(ours)]


def transaction_rolled_back(ours: Tenant, other: Tenant) -> list[Look]:
    seen = [look(ours)]
    with bind_tenant(other):
        with suppress(Undone), transaction.atomic():
            seen.append(look(other))
            raise Undone
        seen.append(look(other))
    return [*seen, look(ours)]


def error_passed_over(ours: Tenant, other: Tenant) -> list[Look]:
    """PostgreSQL answers the COMMIT of a failed transaction with a rollback, without an error."""
    seen = [look(ours)]
    with bind_tenant(other):
        with transaction.atomic(), suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        seen.append(look(other))
    return [*seen, look(ours)]


def nested_bindings(ours: Tenant, other: Tenant) -> list[Look]:
    with bind_tenant(other):
        theirs = look(other)
        with bind_tenant(ours):
            inner = look(ours)
    return [theirs, inner, look(ours)]


def after_the_commit(ours: Tenant, other: Tenant) -> list[Look]:
    seen: list[Look] = []
    with transaction.atomic():
        on_commit(lambda: seen.append(look(ours)))
        with bind_tenant(other):
            on_commit(lambda: seen.append(look(other)))
    return [*seen, look(ours)]


def exception_inside(ours: Tenant, other: Tenant) -> list[Look]:
    seen = []
    with suppress(Undone), bind_tenant(other):
        seen.append(look(other))
        raise Undone
    return [*seen, look(ours)]


def servers_cursor(ours: Tenant, _: Tenant) -> list[Look]:
    """Rows that are fetched in several trips, in a transaction and without one."""

    def in_chunks() -> Look:
        rows = Document.objects.iterator(chunk_size=1)
        return Look(ours.name, frozenset(row.title for row in rows))

    with transaction.atomic():
        inside = in_chunks()
    return [inside, in_chunks()]


def cut_off_by_the_server(ours: Tenant, _: Tenant) -> list[Look]:
    before = look(ours)
    with suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    # What Django does before the next request.
    connection.close_if_unusable_or_obsolete()
    return [before, look(ours)]


def given_back_in_the_middle(ours: Tenant, _: Tenant) -> list[Look]:
    before = look(ours)
    connection.close()
    time.sleep(0.001)
    return [before, look(ours)]


def switched_on_one_connection(ours: Tenant, other: Tenant) -> list[Look]:
    seen = []
    for tenant in (other, ours, other):
        with bind_tenant(tenant):
            seen.append(look(tenant))
    return [*seen, look(ours)]


def agency_in_between(ours: Tenant, _: Tenant) -> list[Look]:
    before = look(ours)
    with bind_agency():
        Tenant.objects.count()
    return [before, look(ours)]


def rows_in_bulk(ours: Tenant, other: Tenant) -> list[Look]:
    document = uuid.uuid4()
    AccessEvent.objects.bulk_create(
        [AccessEvent(document_id=document, document_name=ours.name) for _ in range(3)]
    )
    with bind_tenant(other):
        assert not AccessEvent.objects.filter(document_id=document).exists()
    found = frozenset(AccessEvent.objects.values_list("document_name", flat=True))
    AccessEvent.objects.filter(document_id=document).delete()
    return [Look(ours.name, found)]


def handed_to_a_thread(ours: Tenant, other: Tenant) -> list[Look]:
    """The context goes along, the connection does not: whoever does not bind anew is refused."""

    def work() -> list[Look]:
        with closing(connection):
            seen = [refused_unbound(ours)]
            for tenant in (other, ours):
                with bind_tenant(tenant):
                    seen.append(look(tenant))
            return seen

    # Two connections at once could wait for each other, where the pool is small.
    connection.close()
    with ThreadPoolExecutor(1) as thread:
        seen = thread.submit(copy_context().run, work).result()
    return [*seen, look(ours)]


def refused_unbound(ours: Tenant) -> Look:
    """Return what is seen without a binding of this thread's own: it must be nothing, so it counts as right."""
    try:
        return Look("nobody", frozenset({bound_tenant().name}))
    except BindingDisagrees:
        return Look(ours.name, frozenset({ours.name}))


KINDS: list[Kind] = [
    plain_query,
    raw_cursor,
    in_a_transaction,
    long_transaction,
    savepoint_rolled_back,
    transaction_rolled_back,
    error_passed_over,
    nested_bindings,
    after_the_commit,
    exception_inside,
    servers_cursor,
    cut_off_by_the_server,
    given_back_in_the_middle,
    switched_on_one_connection,
    agency_in_between,
    rows_in_bulk,
    handed_to_a_thread,
]
