"""Which tenant a piece of work is for: said once, held by context and connection together, and given back."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from tenants.binding import (
    AGENCY,
    bind_agency,
    bind_tenant,
    bound_tenant,
    bound_tenant_even_suspended,
    connection,
    get_binding,
    get_bound_tenant_id,
)
from tenants.errors import BindingDisagrees, NoTenantBound, TenantSuspended
from tenants.log_context import tenant_in_log
from tenants.models import Tenant
from tenants.provisioning import suspend_tenant
from tests.tenants.conftest import ask_and_fail, nothing_is_bound, schema_in_use, whose_rows

pytestmark = pytest.mark.django_db


# --- bound, and given back


@pytest.mark.parametrize(
    "asks", [get_binding, bound_tenant, bound_tenant_even_suspended, get_bound_tenant_id]
)
def test_whoever_asks_unbound_is_refused(asks):
    with pytest.raises(NoTenantBound):
        asks()


def test_a_binding_sets_context_and_connection(acme, globex):
    with bind_tenant(acme) as tenant:
        assert tenant == bound_tenant() == get_binding() == acme
        assert schema_in_use() == connection.schema_name == acme.schema_name
        assert whose_rows() == ["Acme"]


def test_after_a_binding_nothing_is_bound(acme):
    with bind_tenant(acme):
        schema_in_use()
    assert nothing_is_bound()


def test_after_an_exception_nothing_is_bound(acme):
    with pytest.raises(ZeroDivisionError), bind_tenant(acme):
        ask_and_fail()
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
        assert (get_binding(), get_bound_tenant_id(), schema_in_use()) == (AGENCY, None, "public")
        with pytest.raises(NoTenantBound):
            bound_tenant()


# --- disagreement with the connection


@pytest.mark.parametrize("asks", [bound_tenant, bound_tenant_even_suspended, get_bound_tenant_id])
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


def test_a_thread_that_takes_over_a_binding_without_its_connection_is_refused(acme):
    with bind_tenant(acme), ThreadPoolExecutor(1) as pool:
        taken_over = copy_context()
        with pytest.raises(BindingDisagrees):
            pool.submit(taken_over.run, bound_tenant).result()


def test_a_thread_that_was_bound_before_is_refused_anothers_binding(acme, globex):
    def bind_and_leave() -> None:
        with bind_tenant(globex):
            assert bound_tenant() == globex

    with bind_tenant(acme), ThreadPoolExecutor(1) as pool:
        taken_over = copy_context()
        pool.submit(bind_and_leave).result()
        with pytest.raises(BindingDisagrees):
            pool.submit(taken_over.run, bound_tenant).result()


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
        assert get_bound_tenant_id() == hooli.id


def test_the_exception_for_one_suspended_tenant_is_not_handed_on(hooli, acme):
    with bind_tenant(hooli, even_suspended=True):
        with bind_tenant(hooli), pytest.raises(TenantSuspended):
            bound_tenant()
        assert bound_tenant() == hooli


def test_a_tenant_that_is_suspended_meanwhile_is_refused_by_the_next_binding(acme):
    with bind_tenant(acme):
        suspend_tenant(acme)
    with bind_tenant(Tenant.objects.get(pk=acme.pk)), pytest.raises(TenantSuspended):
        bound_tenant()


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
