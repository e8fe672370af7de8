"""The database itself keeps rooms apart: also for raw SQL, and when two inserts race."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from tenants.errors import PrefixRefused, PrefixTaken
from tenants.models import PrefixReservation, Tenant, make_schema_name
from tenants.prefixes import overlaps, validate_location_prefix
from tenants.provisioning import create_tenant
from tests.tenants.conftest import sql

pytestmark = pytest.mark.django_db

TENANT = """
    INSERT INTO tenants_tenant (id, name, status, location_prefix, schema_name, schema_version, created_at)
    VALUES (%s, 'x', 'active', %s, %s, '', now())
"""
RESERVATION = (
    "INSERT INTO tenants_prefixreservation (prefix, tenant_id, reserved_at) VALUES (%s, %s, now())"
)


@contextmanager
def refused_by(constraint: str) -> Iterator[None]:
    """Expect that the database refuses, and that this constraint or trigger does."""
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        yield
    cause = refused.value.__cause__
    assert isinstance(cause, psycopg.Error)
    assert cause.diag.constraint_name == constraint


def reserve(prefix: str, tenant: Tenant) -> None:
    sql(RESERVATION, prefix, tenant.id)


# --- equal to, under, above


@pytest.mark.parametrize("prefix", [
    "Acme/", "ACME/", "acme/sub/", "Acme/SUB/deep/", "taken/agency/", "taken/", "TAKEN/", "taken/agency/ONE/",
    "Taken/Agency/One/two/",
])  # fmt: skip
def test_what_overlaps_a_taken_room_is_refused(prefix, acme, globex):
    reserve("taken/agency/one/", globex)
    with refused_by("prefix_rooms_are_apart"):
        reserve(prefix, globex)


@pytest.mark.parametrize("prefix", [
    "acme2/", "acm/", "acme./", "acme-/", "acme_x/", "acme0/", "x/acme/", "taken/agency/two/", "taken/agency/one2/",
    "taken/agenc/", "example_project/",
])  # fmt: skip
def test_what_stands_beside_a_taken_room_is_reserved(prefix, acme, globex):
    reserve("taken/agency/one/", globex)
    reserve(prefix, globex)
    assert PrefixReservation.objects.filter(prefix=prefix, tenant=globex).exists()


def test_an_equal_prefix_is_refused(acme, globex):
    with pytest.raises(IntegrityError), transaction.atomic():
        reserve("acme/", globex)


@pytest.mark.parametrize("prefix", ["acme/", "ACME/", "acme/sub/"])
def test_a_refusal_names_the_room_that_is_taken(prefix, acme):
    with pytest.raises(PrefixTaken) as refused:
        create_tenant(name="Other", location_prefix=prefix, domain="other.example")
    assert "'acme/'" in refused.value.detail


def test_a_room_stays_taken_when_nobody_uses_it_any_more(acme):
    reserve("former/", acme)
    with pytest.raises(PrefixTaken):
        create_tenant(name="Other", location_prefix="former/sub/", domain="other.example")


letters = st.text(alphabet="aAbB", min_size=1, max_size=2)
prefixes = st.lists(letters, min_size=1, max_size=3).map(lambda segments: "/".join(segments) + "/")
odd_prefixes = st.from_regex(r"[aAzZ09][aZ09._-]{0,3}/([aAzZ09][aZ09._-]{0,2}/)?", fullmatch=True)


def accepted_by_the_database(*rooms: str) -> bool:
    """Reserve these rooms in the real table; whatever comes of it is rolled back."""
    tenant_id = uuid.uuid4()
    try:
        with transaction.atomic():
            for prefix in rooms:
                sql(RESERVATION, prefix, tenant_id)
            transaction.set_rollback(True)
    except IntegrityError:
        return False
    return True


# Of two that are drawn apart, one is seldom under the other.
under = st.tuples(prefixes, prefixes).map(lambda pair: (pair[0], "".join(pair)))
above = under.map(lambda pair: (pair[1], pair[0]))
PAIRS = given(
    st.one_of(st.tuples(prefixes, prefixes), st.tuples(odd_prefixes, odd_prefixes), under, above)
)


@given_settings(deadline=None, max_examples=60)
@PAIRS
def test_the_database_and_the_code_agree_on_what_overlaps(pair):
    assert accepted_by_the_database(*pair) is not overlaps(*pair)


@pytest.mark.slow
@given_settings(deadline=None, max_examples=150)
@PAIRS
def test_the_database_and_the_code_agree_on_what_overlaps_in_many_pairs(pair):
    assert accepted_by_the_database(*pair) is not overlaps(*pair)


# --- what is legal


@pytest.mark.parametrize("prefix", [
    "", "/", "new", "/new/", "a//", "a//b/", "_gateway/", "a/_b/", ".a/", "-a/", "../", "a b/", "é/", "a\n/", "new/\n",
    "\nnew/", "a\\/", "*/", "%/", f"{'x' * 64}/", "ａ/", "\u212a/", "ı/",
])  # fmt: skip
def test_an_illegal_prefix_is_refused_also_by_raw_sql(prefix, globex):
    with refused_by("prefix_is_legal"):
        reserve(prefix, globex)


@pytest.mark.parametrize("prefix", [
    "media/", "private/", "incoming/", "MEDIA/", "Private/x/", "x/incoming/", "x/Media/y/",
])  # fmt: skip
def test_a_prefix_that_names_an_area_is_refused_also_by_raw_sql(prefix, globex):
    with refused_by("prefix_names_no_area"):
        reserve(prefix, globex)


def accepted_by_the_code(prefix: str) -> bool:
    try:
        validate_location_prefix(prefix)
    except PrefixRefused:
        return False
    return True


@given_settings(deadline=None, max_examples=150)
@given(
    st.one_of(
        st.text(alphabet="aZ9._-/ é\n", max_size=6),
        st.lists(st.sampled_from(("Media", "private", "x", "incoming", "_x", "a.b")), max_size=3).map("/".join),
    ).map(lambda text: f"{text}/")
)  # fmt: skip
def test_the_database_and_the_code_agree_on_what_is_legal(prefix):
    assert accepted_by_the_database(prefix) is accepted_by_the_code(prefix)


# --- what never changes


@pytest.mark.parametrize("statement", [
    "UPDATE tenants_prefixreservation SET prefix = 'elsewhere/' WHERE prefix = 'acme/'",
    "UPDATE tenants_prefixreservation SET tenant_id = (SELECT id FROM tenants_tenant WHERE name = 'Globex')",
    "UPDATE tenants_prefixreservation SET reserved_at = now()",
    "DELETE FROM tenants_prefixreservation WHERE prefix = 'acme/'",
])  # fmt: skip
def test_a_reservation_is_neither_changed_nor_deleted(statement, acme, globex):
    with refused_by("prefix_reservation_only_grows"):
        sql(statement)


@pytest.mark.parametrize("table", ["tenants_prefixreservation", "tenants_tenant"])
def test_a_table_that_only_grows_is_not_emptied_either(table, acme, globex):
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        sql(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize(
    "column", ["location_prefix = 'new/'", "schema_name = 't_0123456789'", "id = gen_random_uuid()"]
)
def test_a_tenant_keeps_its_room_schema_and_id(column, acme, globex):
    reserve("new/", acme)
    with refused_by("tenant_keeps_room_and_schema"):
        sql(f"UPDATE tenants_tenant SET {column} WHERE name = 'Acme'")  # noqa: S608 - from the table above


def test_a_tenant_may_change_what_is_not_its_room(acme):
    sql(
        "UPDATE tenants_tenant SET name = 'New', location_prefix = location_prefix WHERE name = 'Acme'"
    )
    assert Tenant.objects.get(pk=acme.pk).name == "New"


@pytest.mark.parametrize("field", ["location_prefix", "schema_name"])
def test_the_models_save_moves_no_room(field, acme):
    moved = Tenant.objects.get(pk=acme.pk)
    setattr(moved, field, {"location_prefix": "new/", "schema_name": make_schema_name()}[field])
    with refused_by("tenant_keeps_room_and_schema"):
        moved.save()


def test_a_tenants_row_is_never_deleted(acme):
    with refused_by("tenant_is_never_deleted"):
        sql("DELETE FROM tenants_tenant")


def test_a_room_is_not_taken_over_by_an_upsert(acme, globex):
    with refused_by("prefix_reservation_only_grows"):
        sql(
            f"{RESERVATION} ON CONFLICT (prefix) DO UPDATE SET tenant_id = excluded.tenant_id",
            "acme/",
            globex.id,
        )


@pytest.mark.parametrize(
    "name", ["public", "pg_x", "acme", "t_short", "t_UPPER0123", "t_0123456/", "t_012345678\n"]
)
def test_a_schema_name_that_was_not_generated_is_refused(name):
    with refused_by("tenant_schema_name_is_generated"):
        sql(TENANT, uuid.uuid4(), "new/", name)


@pytest.mark.parametrize(
    "column", ["presign_seconds = 0", "presign_seconds = 3601", "presign_seconds = 2147483647"]
)
def test_links_that_live_too_long_are_refused_by_the_database(column, acme):
    with refused_by("tenant_presign_seconds_in_range"):
        sql(f"UPDATE tenants_tenant SET {column}")  # noqa: S608 - from the table above
