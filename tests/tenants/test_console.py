"""The agency's page: its tenants, for its staff, and no tenant's content."""

import pytest

from gateway.agency.tenant_views import TENANTS_PER_PAGE
from tenants.models import Quota, Tenant
from tenants.provisioning import create_tenant

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["olga", "fiona"])
def test_staff_see_every_tenant_in_the_order_of_names(name, browse, acme, globex):
    page = browse(None, name).get("/").content.decode()
    assert page.index("Acme") < page.index("Globex") < page.index("Hooli")
    assert "acme.example" in page
    assert "suspended" in page


def test_a_stranger_is_sent_to_sign_in(browse, acme, globex):
    answer = browse(None).get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/?next=%2F")


@pytest.mark.parametrize("query", ["glob", "GLOBEX/", "globex.example"])
def test_search_finds_by_name_prefix_or_host(query, browse, acme, globex):
    page = browse(None, "olga").get("/", {"q": query}).content.decode()
    assert ("Globex" in page, "Acme" in page) == (True, False)


@pytest.mark.parametrize("query", ["nobody's", "\0", "<script>", "%", "x" * 5000])
def test_search_that_finds_nothing_says_so(query, browse, acme, globex):
    answer = browse(None, "olga").get("/", {"q": query})
    assert (answer.status_code, "Show all" in answer.content.decode()) == (200, True)
    assert "<script>" not in answer.content.decode()


def test_more_than_a_page_of_tenants_is_paged_and_costs_no_more_queries(
    browse, acme, globex, django_assert_max_num_queries
):
    client = browse(None, "olga")
    for number in range(TENANTS_PER_PAGE):
        create_tenant(
            name=f"Client {number:03}", location_prefix=f"c{number}/", domain=f"c{number}.example"
        )
    with django_assert_max_num_queries(6):
        page = client.get("/", {"page": "2"}).content.decode()
    assert "Page 2 of 2" in page
    assert page.count("<tr>") == Tenant.objects.count() - TENANTS_PER_PAGE + 1


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", ""])
def test_a_page_that_is_none_is_the_nearest_one(page, browse, acme, globex):
    assert browse(None, "olga").get("/", {"page": page}).status_code == 200


@pytest.mark.parametrize("name", ["olga", "fiona"])
def test_staff_see_what_each_tenant_keeps_and_may_keep(name, browse, acme, globex):
    Quota.objects.filter(tenant=acme).update(quota_bytes=10**10, used_bytes=2_500_000_000)
    Quota.objects.filter(tenant=globex).update(used_bytes=3000)
    page = browse(None, name).get("/").content.decode()
    assert '<meter min="0" max="10000000000" value="2500000000"' in page
    assert "<small>2.5 GB of 10 GB</small>" in page
    assert "<small>3 kB, no limit</small>" in page


def test_a_tenant_whose_quota_is_missing_is_shown_as_that(browse, acme, globex):
    Quota.objects.filter(tenant=acme).delete()
    assert "quota missing" in browse(None, "olga").get("/").content.decode()
