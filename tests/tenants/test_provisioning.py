"""A tenant's life: made, renamed, found, given hosts; never deleted, and never made by another way."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings

from tenants.binding import bind_tenant, connection
from tenants.domains import find_primary_domain
from tenants.errors import (
    GatewayError,
    HostRefused,
    HostTaken,
    NameRefused,
    PrefixRefused,
    PrefixTaken,
    TenantNotFound,
    TenantRefused,
)
from tenants.models import Domain, PrefixReservation, Tenant, make_schema_name
from tenants.provisioning import (
    add_domain,
    create_tenant,
    find_tenant,
    get_longest_link_seconds,
    list_tenants,
    rename_tenant,
    resume_tenant,
    set_presign_seconds,
    suspend_tenant,
)
from tenants.stamp.models import Stamp
from tests.tenants.conftest import create_umbrella

pytestmark = pytest.mark.django_db


def counted() -> list[int]:
    return [model.objects.count() for model in (Tenant, PrefixReservation, Domain)]


# --- made


def test_a_new_tenant_has_a_room_a_schema_and_a_primary_domain_of_its_own(acme, globex):
    made = create_umbrella()
    assert (made.is_served, str(made.prefix), find_primary_domain(made.id)) == (
        True,
        "umbrella/",
        "umbrella.example",
    )
    assert [row.prefix for row in made.reservations.all()] == ["umbrella/"]
    with bind_tenant(made):
        assert Stamp.objects.get().tenant_id == made.id


def test_a_schemas_name_tells_nothing_and_is_new_each_time(acme):
    made = create_umbrella()
    assert made.schema_name.startswith("t_")
    assert (
        len({make_schema_name() for _ in range(100)} | {made.schema_name, acme.schema_name}) == 102
    )


@pytest.mark.parametrize(("given", "refusal"), [
    ({"name": "  "}, NameRefused), ({"name": "a\u202eb"}, NameRefused), ({"name": "x" * 121}, NameRefused),
    ({"location_prefix": "umbrella"}, PrefixRefused), ({"location_prefix": "acme/"}, PrefixTaken),
    ({"location_prefix": "ACME/x/"}, PrefixTaken), ({"domain": "umbrella_x.example"}, HostRefused),
    ({"domain": "[::1%lo]"}, HostRefused), ({"domain": "acme.EXAMPLE."}, HostTaken),
    ({"domain": settings.AGENCY_HOST}, HostRefused), ({"domain": f"{settings.AGENCY_HOST.upper()}.:80"}, HostRefused),
    ({"domain": f"{settings.AGENCY_HOST}。"}, HostRefused), ({"presign_seconds": 0}, TenantRefused),
    ({"presign_seconds": 3601}, TenantRefused), ({"presign_seconds": -1}, TenantRefused),
])  # fmt: skip
def test_what_cannot_be_made_is_refused_and_leaves_nothing(given, refusal, acme, globex):
    before = counted()
    with pytest.raises(refusal) as refused:
        create_umbrella(**given)
    assert isinstance(refused.value, GatewayError)
    assert counted() == before


PAIRS = [("race/", "race/"), ("race/", "RACE/"), ("race/", "race/sub/"), ("race/sub/", "race/")]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_of_two_that_are_made_at_once_on_one_room_exactly_one_is(one, other, acme, leaves_nothing):
    assert sorted(made_at_once([{"location_prefix": one}, {"location_prefix": other}])) == [
        "PrefixTaken",
        "made",
    ]


def test_of_many_that_are_made_at_once_on_overlapping_rooms_exactly_one_is(acme, leaves_nothing):
    rooms = ("race/", "race/a/", "RACE/a/b/", "race/a/b/c/", "Race/A/")
    answers = made_at_once([{"location_prefix": room} for room in rooms])
    assert sorted(answers) == ["PrefixTaken"] * 4 + ["made"]


def test_of_two_that_are_made_at_once_on_one_host_exactly_one_is(acme, leaves_nothing):
    assert sorted(made_at_once([{"domain": "race.example"}, {"domain": "RACE.example."}])) == [
        "HostTaken",
        "made",
    ]


def made_at_once(given: list[dict[str, Any]]) -> list[str]:
    """Make tenants in threads at the same moment; return what became of each."""
    ready = Barrier(len(given))

    def make(number: int) -> str:
        name = f"race{number}"
        try:
            connection.ensure_connection()
            ready.wait()
            create_tenant(
                **{
                    "name": name,
                    "location_prefix": f"{name}/",
                    "domain": f"{name}.example",
                    **given[number],
                }
            )
        except GatewayError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "made"

    with ThreadPoolExecutor(len(given)) as threads:
        return list(threads.map(make, range(len(given))))


# --- renamed, suspended, resumed


def test_a_rename_changes_the_name_only(acme, globex):
    before = Tenant.objects.filter(pk=acme.pk).values().get()
    rename_tenant(acme, "  Acme & Söhne ")
    assert Tenant.objects.filter(pk=acme.pk).values().get() == {**before, "name": "Acme & Söhne"}
    assert Tenant.objects.get(pk=globex.pk).name == "Globex"


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x00b", "\u202eecma", "x" * 121])
def test_a_name_that_misleads_is_refused(name, acme):
    with pytest.raises(NameRefused):
        rename_tenant(acme, name)


def test_two_tenants_may_have_the_same_name(acme, globex):
    rename_tenant(globex, "Acme")
    assert Tenant.objects.filter(name="Acme").count() == 2


def test_suspending_and_resuming_say_whether_there_was_anything_to_do(acme, globex):
    assert [
        suspend_tenant(acme),
        suspend_tenant(acme),
        resume_tenant(acme),
        resume_tenant(acme),
    ] == [True, False, True, False]
    assert Tenant.objects.get(pk=globex.pk).is_served


@pytest.mark.parametrize(("seconds", "longest"), [(1, 1), (3600, 3600), (None, 3600)])
def test_links_live_as_long_as_was_said_and_an_hour_at_most(seconds, longest, acme, globex):
    set_presign_seconds(acme, seconds)
    assert get_longest_link_seconds(Tenant.objects.get(pk=acme.pk)) == longest
    assert Tenant.objects.get(pk=globex.pk).presign_seconds is None


@pytest.mark.parametrize("seconds", [0, -1, 3601, 10**12])
def test_a_lifetime_out_of_bounds_is_refused(seconds, acme):
    with pytest.raises(TenantRefused):
        set_presign_seconds(acme, seconds)
    assert Tenant.objects.get(pk=acme.pk).presign_seconds is None


# --- found


@pytest.mark.parametrize(
    "reference", ["acme/", "acme", "Acme", "acme.example", "ACME.example.", "the id"]
)
def test_a_tenant_is_found_by_what_people_call_it(reference, acme, globex):
    assert find_tenant(str(acme.id) if reference == "the id" else reference) == acme


@pytest.mark.parametrize(
    "reference", ["", " ", "/", "acm", "acme/sub/", "evil.acme.example", "%", "_cme", "t_"]
)
def test_nobody_is_found_by_anything_else(reference, acme, globex):
    with pytest.raises(TenantNotFound):
        find_tenant(reference)


def test_a_schemas_name_is_no_name_of_the_tenant(acme):
    with pytest.raises(TenantNotFound):
        find_tenant(acme.schema_name)


def test_a_name_that_fits_two_is_refused_with_both_ids(acme, globex):
    rename_tenant(globex, "Acme")
    with pytest.raises(TenantRefused) as refused:
        find_tenant("Acme")
    assert str(acme.id) in refused.value.detail
    assert str(globex.id) in refused.value.detail


def test_a_name_that_is_anothers_prefix_or_host_is_ambiguous_too(acme, globex):
    for name in ("acme", "acme/", "acme.example"):
        rename_tenant(globex, name)
        with pytest.raises(TenantRefused):
            find_tenant(name)


def test_an_id_is_always_the_tenant_that_has_it(acme, globex):
    rename_tenant(globex, str(acme.id))
    assert find_tenant(str(acme.id)) == acme


def test_the_list_counts_members_and_hosts_apart(acme, globex):
    add_domain(acme, "new.example", active=True)
    listed = {
        tenant.name: (tenant.member_count, tenant.primary_domain) for tenant in list_tenants()
    }
    assert listed["Acme"] == (acme.memberships.count(), "acme.example")
    assert listed["Globex"] == (globex.memberships.count(), "globex.example")
