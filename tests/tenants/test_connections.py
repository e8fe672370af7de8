"""A binding holds also where connections change: threads, rollbacks, reconnects, work after the transaction."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from contextvars import copy_context
from itertools import cycle

import pytest
from django.db import DatabaseError, OperationalError, ProgrammingError, transaction

from media_core.documents.models import Document
from tenants.binding import bind_agency, bind_tenant, bound_tenant, connection, on_commit
from tenants.database.base import MAX_SCHEMAS_PER_CONNECTION
from tenants.database.pool import reset_connection
from tenants.errors import BindingDisagrees, NoTenantBound
from tenants.models import Tenant
from tenants.schema_versions import get_schema_version
from tenants.stamp.models import Stamp
from tests.conftest import Store
from tests.media_core.wsgi import asked
from tests.tenants.conftest import (
    ask_and_fail,
    in_a_thread,
    nothing_is_bound,
    schema_in_use,
    sql,
    whose_rows,
)
from tests.wire import statements

pytestmark = pytest.mark.django_db


# --- threads


def test_a_new_thread_is_unbound(acme):
    with bind_tenant(acme):
        assert in_a_thread(nothing_is_bound)


def test_a_thread_that_brings_the_context_but_not_the_connection_is_refused(acme):
    with bind_tenant(acme):
        context = copy_context()
    with pytest.raises(BindingDisagrees):
        in_a_thread(lambda: context.run(bound_tenant))


def test_a_thread_that_binds_has_its_tenant(acme, globex):
    def rows_of_globex():
        with bind_tenant(globex):
            return whose_rows()

    with bind_tenant(acme):
        assert in_a_thread(rows_of_globex) == ["Globex"]
        assert whose_rows() == ["Acme"]


def test_threads_that_take_turns_never_get_anothers_tenant(acme, globex):
    tenants = [(acme, "Acme"), (globex, "Globex")]

    def mistakes(first):
        turns = cycle(tenants[first:] + tenants[:first])
        with closing(connection):
            return [turn for turn in range(40) if not is_right(*next(turns))]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(mistakes, [0, 1] * 4)) == [[]] * 8


def is_right(tenant, name):
    with bind_tenant(tenant):
        before = (bound_tenant(), whose_rows())
        with bind_agency():
            schema_in_use()
        return before == (bound_tenant(), whose_rows()) == (tenant, [name])


# --- transactions and connections


def test_a_savepoints_rollback_leaves_the_right_schema(acme, globex):
    with bind_tenant(acme):
        with pytest.raises(ZeroDivisionError), transaction.atomic(), bind_tenant(globex):
            ask_and_fail()
        assert whose_rows() == ["Acme"]
    assert nothing_is_bound()


def test_a_rollback_of_the_first_statement_leaves_the_right_schema(acme, globex):
    with bind_tenant(acme), bind_tenant(globex):
        with transaction.atomic():
            assert whose_rows() == ["Globex"]
            transaction.set_rollback(True)
        assert whose_rows() == ["Globex"]


def test_a_rollback_of_another_tenants_work_leaves_the_right_schema(acme, globex):
    with bind_tenant(globex):
        schema_in_use()
        with transaction.atomic():
            with bind_tenant(acme):
                schema_in_use()
            transaction.set_rollback(True)
        assert whose_rows() == ["Globex"]


def rows_after_a_transactions_rollback(before: Tenant, inside: Tenant) -> list[str]:
    with bind_tenant(before):
        schema_in_use()
        with transaction.atomic(), bind_tenant(inside):
            schema_in_use()
            transaction.set_rollback(True)
        return whose_rows()


def test_a_whole_transactions_rollback_leaves_the_right_schema(acme, globex):
    assert in_a_thread(lambda: rows_after_a_transactions_rollback(acme, globex)) == ["Acme"]


def schemas_around_a_close(tenant: Tenant) -> list[str]:
    with bind_tenant(tenant):
        before = schema_in_use()
        connection.close()
        return [before, schema_in_use()]


def test_a_connection_that_is_opened_anew_has_the_right_schema(acme):
    assert in_a_thread(lambda: schemas_around_a_close(acme)) == [acme.schema_name] * 2


def test_a_connection_that_broke_is_opened_anew_in_the_right_schema(acme):
    def rows_after_a_break():
        with bind_tenant(acme):
            schema_in_use()
            connection.connection.close()
            connection.close_if_unusable_or_obsolete()
            return whose_rows()

    assert in_a_thread(rows_after_a_break) == ["Acme"]


def test_a_connection_that_is_kept_between_bindings_forgets_the_first(acme, globex):
    def rows_of_both():
        for tenant in (acme, globex):
            with bind_tenant(tenant):
                yield from whose_rows()
        yield schema_in_use()

    assert in_a_thread(lambda: list(rows_of_both())) == ["Acme", "Globex", "public"]


def test_rows_that_are_read_in_chunks_are_the_bound_tenants(acme, globex):
    def ids_in_chunks():
        with bind_tenant(globex), transaction.atomic():
            return [stamp.tenant_id for stamp in Stamp.objects.iterator(chunk_size=1)]

    with bind_tenant(acme):
        assert ids_in_chunks() == in_a_thread(ids_in_chunks) == [globex.id]


def set_is_cancelled(run, sql, *rest):
    if sql.startswith("SET search_path"):
        raise OperationalError
    return run(sql, *rest)


def test_where_the_set_fails_nothing_is_asked_at_all(acme, globex, store: Store):
    """django-tenants takes a SET that fails for nothing: the next statement would run where the last one ran."""
    store(acme)
    with bind_tenant(acme):
        assert Document.objects.count() == 1
    with bind_tenant(globex), connection.execute_wrapper(set_is_cancelled):
        for use in (whose_rows, Document.objects.exists, Document.objects.all().delete):
            with pytest.raises(OperationalError, match="pointed at its schema"):
                use()
    with bind_tenant(acme):
        assert Document.objects.count() == 1


def test_in_a_failed_transaction_the_rollback_needs_no_set(acme, globex):
    def rows_after_the_rollback():
        with bind_tenant(acme):
            with pytest.raises(ProgrammingError), transaction.atomic():
                sql("SELECT no_such_column")
            return whose_rows()

    assert in_a_thread(rows_after_the_rollback) == ["Acme"]


def test_an_error_that_is_passed_over_in_a_transaction_leaves_the_right_schema(acme, globex):
    """PostgreSQL rolls back at the COMMIT, SET included, and calls it no error."""

    def rows_after_the_commit():
        with bind_tenant(acme):
            schema_in_use()
        with bind_tenant(globex):
            with transaction.atomic(), suppress(DatabaseError):
                sql("SELECT 1 / 0")
            return [*whose_rows(), schema_in_use()]

    assert in_a_thread(rows_after_the_commit) == ["Globex", globex.schema_name]


def test_a_connection_that_is_taken_in_place_of_another_is_pointed_anew(acme, globex):
    def rows_on_another():
        with bind_tenant(acme):
            schema_in_use()
            first = connection.connection
            connection.connect()
            first.close()
            return whose_rows()

    assert in_a_thread(rows_on_another) == ["Acme"]


def test_a_connection_goes_back_to_the_pool_without_a_schema_or_a_lock(connect, acme):
    ours, other = connect(), connect()
    ours.execute(f'SET search_path = "{acme.schema_name}", public')
    ours.execute("SELECT pg_advisory_lock(4711)")
    ours.commit()
    reset_connection(ours)
    assert ours.execute("SHOW search_path").fetchone() == ("public",)
    assert other.execute("SELECT pg_try_advisory_lock(4711)").fetchone() == (True,)


# --- after the transaction


def test_work_after_the_transaction_is_for_the_tenant_that_asked_for_it(
    acme, globex, django_capture_on_commit_callbacks
):
    found = []
    with django_capture_on_commit_callbacks(execute=True):
        with bind_tenant(acme):
            on_commit(lambda: found.append((bound_tenant(), whose_rows())))
        with bind_tenant(globex):
            on_commit(lambda: found.append((bound_tenant(), whose_rows())))
    assert found == [(acme, ["Acme"]), (globex, ["Globex"])]


def test_after_the_work_the_one_that_committed_is_bound_again(acme, globex):
    def committed():
        with bind_tenant(globex):
            with transaction.atomic(), bind_tenant(acme):
                on_commit(lambda: found.append(whose_rows()))
            return whose_rows()

    found: list[list[str]] = []
    assert (in_a_thread(committed), found) == (["Globex"], [["Acme"]])


def test_work_for_nobody_is_refused_when_it_is_asked_for(db):
    with pytest.raises(NoTenantBound):
        on_commit(lambda: None)


def test_the_keepers_work_on_a_suspended_tenant_goes_on_after_the_transaction(
    hooli, django_capture_on_commit_callbacks
):
    found: list[Tenant] = []
    with django_capture_on_commit_callbacks(execute=True), bind_tenant(hooli, even_suspended=True):
        on_commit(lambda: found.append(bound_tenant()))
    assert found == [hooli]


# --- a connection that is kept


def ended_by_the_server() -> None:
    """End this thread's session in PostgreSQL, as a restart of the server does."""
    (pid,) = sql("SELECT pg_backend_pid()")[0]
    in_a_thread(lambda: sql("SELECT pg_terminate_backend(%s)", pid))


def test_a_request_on_a_connection_that_died_meanwhile_is_answered(acme):
    def statuses():
        before = asked("acme.example", "/accounts/login/").status
        ended_by_the_server()
        return [before, *(asked("acme.example", "/accounts/login/").status for _ in range(2))]

    assert in_a_thread(statuses) == [200, 200, 200]


def test_a_kept_connection_is_asked_by_the_set_that_is_due_anyway(acme, globex):
    def sent_in_a_new_request():
        with bind_tenant(acme):
            whose_rows()
        connection.close_if_unusable_or_obsolete()
        with statements() as sent, bind_tenant(globex):
            assert whose_rows() == ["Globex"]
        return sent

    sent = in_a_thread(sent_in_a_new_request)
    assert [statement.split()[0].strip('"') for statement in sent] == ["SET", "SELECT", "SELECT"]


def in_so_many_schemas(count: int) -> None:
    for number in range(count):
        with bind_tenant(
            Tenant(schema_name=f"t_{number:016}", schema_version=get_schema_version())
        ):
            sql("SELECT 1")


def backends_around_a_request(schemas: int) -> set[int]:
    """Return in which of PostgreSQL's processes a connection was before and after a request, with so many schemas."""
    connection.close()
    before = sql("SELECT pg_backend_pid()")[0]
    # The public schema is the first.
    in_so_many_schemas(schemas - 1)
    connection.close_if_unusable_or_obsolete()
    return {before[0], sql("SELECT pg_backend_pid()")[0][0]}


@pytest.mark.parametrize(
    ("schemas", "backends"), [(MAX_SCHEMAS_PER_CONNECTION - 1, 1), (MAX_SCHEMAS_PER_CONNECTION, 2)]
)
def test_a_connection_ends_after_a_request_once_it_knows_many_schemas(schemas, backends, db):
    assert len(in_a_thread(lambda: backends_around_a_request(schemas))) == backends
