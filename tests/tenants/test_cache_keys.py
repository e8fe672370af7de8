"""What one tenant puts into Django's cache no other finds there."""

import pytest
from django.core.cache import cache

from tenants.binding import bind_agency, bind_tenant, connection, make_cache_key
from tenants.errors import BindingDisagrees, NoTenantBound

pytestmark = pytest.mark.django_db


def test_a_cache_key_has_the_tenant_in_it(acme, globex):
    keys = set()
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            keys.add(make_cache_key("report", "", 1))
            assert str(tenant.id) in make_cache_key("report", "", 1)
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


@pytest.mark.parametrize(
    "use", [cache.get, cache.delete, lambda key: cache.set(key, 1), lambda key: cache.add(key, 1)]
)
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
        assert not make_cache_key("shared::1:allauth:rl:x", "", 1).startswith("shared:")
