"""Which tenant a piece of work is for: said once, held by context and connection together, and given back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from itertools import cycle
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import IntegrityError, OperationalError, transaction
from django.db import connection as django_connection

from media_core.documents.models import AccessEvent, Document
from tenants.binding import (
    AGENCY,
    bind_agency,
    bind_tenant,
    bound,
    bound_tenant,
    bound_tenant_even_suspended,
    cache_key,
    connection,
    on_commit,
    room_id,
)
from tenants.errors import BindingDisagrees, NoTenantBound, TenantSuspended
from tenants.models import Tenant
from tenants.provisioning import suspend
from tenants.stamp.models import Stamp
from tenants.trace import tenant_in_log
from tests.conftest import Store

pytestmark = pytest.mark.django_db


def schema_in_use() -> str:
    """Return the schema that the database itself would look in, not the one that Django believes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def whose_rows() -> list[str]:
    """Return whose rows a query finds: the name of the tenant in the stamp of the schema in use."""
    names = dict(Tenant.objects.values_list("id", "name"))
    return [names[tenant_id] for tenant_id in Stamp.objects.values_list("tenant_id", flat=True)]


def nothing_is_bound() -> bool:
    try:
        bound()
    except NoTenantBound:
        return connection.schema_name == schema_in_use() == "public"
    return False


# --- bound, and given back


@pytest.mark.parametrize("asks", [bound, bound_tenant, bound_tenant_even_suspended, room_id])
def test_whoever_asks_unbound_is_refused(asks):
    with pytest.raises(NoTenantBound):
        asks()


def test_a_binding_sets_context_and_connection(acme, globex):
    with bind_tenant(acme) as tenant:
        assert tenant == bound_tenant() == bound() == acme
        assert schema_in_use() == connection.schema_name == acme.schema_name
        assert whose_rows() == ["Acme"]


def test_after_a_binding_nothing_is_bound(acme):
    with bind_tenant(acme):
        schema_in_use()
    assert nothing_is_bound()


def test_after_an_exception_nothing_is_bound(acme):
    with pytest.raises(ZeroDivisionError), bind_tenant(acme):
        schema_in_use()
        raise ZeroDivisionError
    assert nothing_is_bound()


def test_after_an_inner_binding_the_outer_one_holds_again(acme, globex):
    with bind_tenant(acme):
        with bind_tenant(globex):
            assert whose_rows() == ["Globex"]
        assert (bound_tenant(), whose_rows()) == (acme, ["Acme"])


def test_after_an_exception_in_an_inner_binding_the_outer_one_holds_again(acme, globex):
    with bind_tenant(acme):
        with pytest.raises(ZeroDivisionError), bind_tenant(globex):
            raise ZeroDivisionError
        assert (bound_tenant(), whose_rows()) == (acme, ["Acme"])


def test_a_binding_inside_itself_holds_until_the_outermost_ends(acme):
    with bind_tenant(acme):
        with bind_tenant(acme):
            pass
        assert (bound_tenant(), schema_in_use()) == (acme, acme.schema_name)
    assert nothing_is_bound()


@pytest.mark.parametrize("wrong", [None, "acme", AGENCY.value], ids=["None", "a name", "a word"])
def test_what_is_no_tenant_binds_nothing(wrong):
    with pytest.raises(AttributeError), bind_tenant(wrong):
        pass
    assert nothing_is_bound()


def test_the_log_says_whose_work_it_is(acme):
    with bind_tenant(acme):
        assert tenant_in_log.get() == str(acme.id)
    assert tenant_in_log.get() == ""


# --- the agency


def test_for_the_agency_no_tenant_is_bound(acme):
    with bind_tenant(acme), bind_agency():
        assert (bound(), room_id(), schema_in_use()) == (AGENCY, None, "public")
        with pytest.raises(NoTenantBound):
            bound_tenant()


# --- disagreement with the connection


@pytest.mark.parametrize("asks", [bound_tenant, bound_tenant_even_suspended, room_id])
def test_a_connection_that_points_at_another_tenant_is_refused(asks, acme, globex):
    with bind_tenant(acme):
        connection.set_tenant(globex)
        with pytest.raises(BindingDisagrees):
            asks()


def test_a_connection_that_points_at_public_is_refused(acme):
    with bind_tenant(acme):
        connection.set_schema_to_public()
        with pytest.raises(BindingDisagrees):
            bound_tenant()


def test_a_binding_repairs_what_somebody_did_to_the_connection(acme, globex):
    with bind_tenant(acme):
        with bind_tenant(globex):
            connection.set_tenant(acme)
        assert (bound_tenant(), whose_rows()) == (acme, ["Acme"])
    assert nothing_is_bound()


# --- suspended


def test_a_suspended_tenant_is_refused(hooli):
    with bind_tenant(hooli), pytest.raises(TenantSuspended):
        bound_tenant()


def test_the_keepers_own_work_goes_on_for_a_suspended_tenant(hooli):
    with bind_tenant(hooli, even_suspended=True):
        assert (bound_tenant(), whose_rows()) == (hooli, ["Hooli"])


def test_a_suspended_tenant_is_known_to_whoever_must_know_it(hooli):
    with bind_tenant(hooli):
        assert bound_tenant_even_suspended() == hooli
        assert room_id() == hooli.id


def test_the_exception_for_one_suspended_tenant_is_not_handed_on(hooli, acme):
    with bind_tenant(hooli, even_suspended=True):
        with bind_tenant(hooli), pytest.raises(TenantSuspended):
            bound_tenant()
        assert bound_tenant() == hooli


# --- forms that are closed


def test_a_tenant_is_no_context_manager(acme):
    with pytest.raises(TypeError, match="bind_tenant"), acme:
        pass
    assert nothing_is_bound()


@pytest.mark.parametrize("method", ["activate", "deactivate", "create_schema"])
def test_the_methods_that_set_the_connection_alone_are_closed(method, acme):
    with pytest.raises(TypeError):
        getattr(acme, method)()
    assert nothing_is_bound()


def test_no_two_tenants_share_a_list_of_previous_ones(acme, globex):
    for tenant in (acme, globex):
        with pytest.raises(TypeError):
            tenant.__enter__()
    assert Tenant._previous_tenant == []


# --- threads


@contextmanager
def closing_its_connection() -> Iterator[None]:
    try:
        yield
    finally:
        django_connection.close()


def in_a_thread(work):
    """Return what `work` returns in a new thread, whose connection is its own."""

    def done():
        with closing_its_connection():
            return work()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(done).result()


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
        with closing_its_connection():
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
            assert whose_rows() == ["Globex"]
            raise ZeroDivisionError
        assert whose_rows() == ["Acme"]
    assert nothing_is_bound()


def test_a_rollback_of_the_first_statement_leaves_the_right_schema(acme, globex):
    with bind_tenant(acme), bind_tenant(globex):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert whose_rows() == ["Globex"]
            raise ZeroDivisionError
        assert whose_rows() == ["Globex"]


def test_a_rollback_of_another_tenants_work_leaves_the_right_schema(acme, globex):
    with bind_tenant(globex):
        schema_in_use()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            with bind_tenant(acme):
                schema_in_use()
            raise ZeroDivisionError
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


def test_no_row_is_found_or_written_where_the_connection_should_not_be(acme, globex, store: Store):
    """django-tenants takes a SET that fails for nothing: the next statement runs where the last one ran."""
    store(acme)
    with bind_tenant(acme):
        assert Document.objects.count() == 1
    with bind_tenant(globex), connection.execute_wrapper(set_is_cancelled):
        assert whose_rows() == ["Acme"]
        assert not Document.objects.exists()
        assert not Document.objects.all().delete()[0]
        with pytest.raises(IntegrityError):
            AccessEvent.objects.create(document_id=uuid4(), document_name="x")


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


# --- the cache


def test_a_cache_key_has_the_tenant_in_it(acme, globex):
    keys = set()
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            keys.add(cache_key("report", "", 1))
            assert str(tenant.id) in cache_key("report", "", 1)
    assert len(keys) == 2


def test_the_same_key_of_two_tenants_is_two_entries_in_the_real_cache(acme, globex):
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            assert cache.get("report") is None
            cache.set("report", tenant.name)
    with bind_tenant(acme):
        assert cache.get_many(["report"]) == {"report": "Acme"}
        cache.delete("report")
    with bind_tenant(globex):
        assert cache.get("report") == "Globex"


@pytest.mark.parametrize("use", [cache.get, cache.delete, lambda key: cache.set(key, 1), lambda key: cache.add(key, 1)])
def test_the_cache_is_closed_to_whoever_is_unbound(use):
    with pytest.raises(NoTenantBound):
        use("report")


def test_the_cache_is_closed_to_the_agency_and_to_a_wrong_connection(acme, globex):
    with bind_agency(), pytest.raises(NoTenantBound):
        cache.get("report")
    with bind_tenant(acme):
        connection.set_tenant(globex)
        with pytest.raises(BindingDisagrees):
            cache.get("report")


def test_the_throttle_of_sign_in_counts_over_all_hosts(acme, globex):
    with bind_tenant(acme):
        cache.set("allauth:rl:x", [1])
    with bind_agency():
        assert cache.get("allauth:rl:x") == [1]


def test_no_tenants_key_is_the_throttles(acme):
    with bind_tenant(acme):
        assert not cache_key("shared::1:allauth:rl:x", "", 1).startswith("shared:")


def test_a_tenant_that_is_suspended_meanwhile_is_refused_by_the_next_binding(acme):
    with bind_tenant(acme):
        suspend(acme)
    with bind_tenant(Tenant.objects.get(pk=acme.pk)), pytest.raises(TenantSuspended):
        bound_tenant()
