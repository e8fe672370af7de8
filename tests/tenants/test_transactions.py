"""A transaction of our own beside the caller's: another connection for the same tenant, and the first one after it."""

from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from tenants.binding import bind_agency, bind_tenant, bound_tenant, on_commit
from tenants.errors import BindingDisagrees
from tenants.models import Tenant
from tenants.provisioning import create_tenant
from tenants.transactions import begin_autonomous_transaction
from tests.media_core.conftest import in_a_thread

pytestmark = pytest.mark.django_db


def misled():
    """Return whether a tenant is said to be bound while this thread's connection stands elsewhere."""
    here: Any = connections[DEFAULT_DB_ALIAS]
    tenant = here.tenant
    here.set_schema_to_public()
    try:
        bound_tenant()
    except BindingDisagrees:
        return False
    else:
        return True
    finally:
        here.set_tenant(tenant)


def test_each_connection_is_looked_at_while_it_is_the_threads_own(acme):
    def each():
        with bind_tenant(acme), transaction.atomic():
            first = connections[DEFAULT_DB_ALIAS]
            with begin_autonomous_transaction():
                assert connections[DEFAULT_DB_ALIAS] is not first
                assert not misled()
                on_commit(bound_tenant)
            assert connections[DEFAULT_DB_ALIAS] is first
            assert not misled()

    in_a_thread(each)


def test_for_a_tenant_that_the_caller_has_not_committed_it_is_the_callers():
    """As in a TestCase that makes a tenant of its own."""

    def each():
        with bind_agency(), transaction.atomic():
            tenant = create_tenant(name="New", location_prefix="new/", domain="new.example")
            with bind_tenant(tenant):
                first = connections[DEFAULT_DB_ALIAS]
                with begin_autonomous_transaction():
                    assert connections[DEFAULT_DB_ALIAS] is first
            transaction.set_rollback(True)

    in_a_thread(each)
    assert not Tenant.objects.filter(location_prefix="new/").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_the_first_connection_is_back_after_an_error(acme, error):
    def each():
        with bind_tenant(acme), transaction.atomic():
            first = connections[DEFAULT_DB_ALIAS]
            with pytest.raises(error), begin_autonomous_transaction():
                raise error
            assert connections[DEFAULT_DB_ALIAS] is first
            assert bound_tenant() == acme
            assert not misled()

    in_a_thread(each)
