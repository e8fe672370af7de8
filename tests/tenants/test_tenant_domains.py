"""The hosts of a tenant: each belongs to one, one is the primary one."""

import pytest
from django.db import IntegrityError, transaction

from tenants.domains import find_primary_domain
from tenants.errors import HostRefused, HostTaken
from tenants.models import Domain
from tenants.provisioning import (
    activate_domain,
    add_domain,
    make_domain_primary,
    remove_domain,
)

pytestmark = pytest.mark.django_db


def test_a_host_belongs_to_one_tenant_only(acme, globex):
    for host in ("acme.example", "ACME.example", "acme.example.:443"):
        with pytest.raises(HostTaken):
            add_domain(globex, host)
    assert Domain.objects.get(domain="acme.example").tenant == acme


def test_a_pending_domain_keeps_others_from_taking_the_host(acme, globex):
    add_domain(acme, "new.example")
    with pytest.raises(HostTaken):
        add_domain(globex, "new.example", active=True)


@pytest.mark.parametrize("change", [activate_domain, make_domain_primary, remove_domain])
@pytest.mark.parametrize("host", ["acme.example", "nobody.example"])
def test_anothers_domain_is_changed_by_nobody(change, host, acme, globex):
    before = list(Domain.objects.order_by("pk").values())
    with pytest.raises(HostRefused):
        change(globex, host)
    assert list(Domain.objects.order_by("pk").values()) == before


def test_one_domain_is_the_primary_one(acme, globex):
    add_domain(acme, "new.example", active=True)
    make_domain_primary(acme, "NEW.example")
    assert list(acme.domains.values_list("domain", "is_primary")) == [
        ("new.example", True),
        ("acme.example", False),
    ]
    assert (find_primary_domain(acme.id), find_primary_domain(globex.id)) == (
        "new.example",
        "globex.example",
    )


def test_two_primary_domains_are_refused_by_the_database(acme):
    with pytest.raises(IntegrityError, match="domain_one_primary_per_tenant"), transaction.atomic():
        Domain.objects.create(domain="new.example", tenant=acme, is_primary=True)


@pytest.mark.parametrize(
    "host", ["ACME2.example", "bücher.example", "a b.example", "acme_x.example", "a%b", ""]
)
def test_a_host_that_is_not_in_its_one_form_is_refused_by_the_database(host, acme):
    with pytest.raises(IntegrityError, match="domain_is_normalised"), transaction.atomic():
        Domain.objects.create(domain=host, tenant=acme)


def test_a_pending_domain_does_not_become_the_primary_one(acme):
    add_domain(acme, "new.example")
    with pytest.raises(HostRefused):
        make_domain_primary(acme, "new.example")
    assert find_primary_domain(acme.id) == "acme.example"


def test_the_primary_domain_is_not_removed(acme):
    with pytest.raises(HostRefused):
        remove_domain(acme, "acme.example")
    assert find_primary_domain(acme.id) == "acme.example"


def test_a_host_is_free_again_when_its_tenant_lets_it_go(acme, globex):
    add_domain(acme, "new.example", active=True)
    remove_domain(acme, "new.example")
    assert add_domain(globex, "new.example").tenant == globex
