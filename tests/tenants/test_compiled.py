"""SQL that is written once and runs for every tenant: it finds what the query set finds, and remembers nobody."""

import uuid
from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models import F, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.utils import timezone

from tenants.binding import (
    AGENCY,
    bind_agency,
    bind_tenant,
    bound_tenant,
    connection,
    get_binding,
    get_bound_tenant_id,
)
from tenants.compiled_queries import CompiledQuery
from tenants.errors import BindingDisagrees, NoTenantBound
from tenants.models import Tenant
from tenants.people.context_processors import VISIT_NOTICES, build_visit_notices_query
from tenants.people.models import Membership, Person, Session
from tenants.people.sessions import OPEN_SESSION_QUERY, build_open_session_query
from tenants.sql_statements import list_columns
from tenants.stamp.models import Stamp
from tests.conftest import new_session
from tests.wire import as_sent

pytestmark = pytest.mark.django_db


def members(role, values):
    """The shape is a role or None; the value is a person."""
    found = Membership.objects.filter(tenant=bound_tenant().id, person=values["person"])
    return (found.filter(role=role) if role else found).order_by().values_list("role")


def roles_of(*given, **kinds):
    return CompiledQuery(members, {"person": UUID}, *given, **kinds)


def sent(compiled, shape, values):
    return as_sent(compiled.get_statement(shape).sql, compiled.build_parameters(shape, values))


# --- it is what the query set says


@pytest.mark.parametrize("role", [None, "admin", "viewer"])
def test_says_what_the_query_set_says_for_each_tenant(role, acme, globex, people):
    compiled = roles_of()
    for tenant in (acme, globex, acme):
        values = {"person": people["ada"].pk}
        with bind_tenant(tenant):
            plain = members(role, values).query.sql_with_params()
            assert sent(compiled, role, values) == as_sent(*plain)


def test_finds_each_tenants_own(acme, globex, people):
    compiled = roles_of()
    for tenant, expected in ((acme, [("editor",)]), (globex, [("viewer",)])):
        with bind_tenant(tenant):
            assert compiled.fetch_rows(None, {"person": people["max"].pk}) == expected


@pytest.mark.parametrize("to", ["acme", "globex", "agency"])
def test_a_request_asks_of_its_session_what_the_query_set_says(to, acme, globex):
    values = {"session_key": uuid.uuid4().hex}
    with bind_agency() if to == "agency" else bind_tenant({"acme": acme, "globex": globex}[to]):
        plain = build_open_session_query(get_binding() is AGENCY, values).query.sql_with_params()
        assert sent(OPEN_SESSION_QUERY, get_binding() is AGENCY, values) == as_sent(*plain)
        assert (get_bound_tenant_id() in plain[1]) == (to != "agency")


def test_the_notices_of_a_page_are_what_the_query_set_says(acme, globex):
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            plain = build_visit_notices_query(None, {}).query.sql_with_params()
            assert sent(VISIT_NOTICES, None, {}) == as_sent(*plain)


def test_a_row_is_the_model_that_django_would_make(acme, people):
    key = new_session(people["ada"], acme)
    with bind_tenant(acme):
        (row,) = OPEN_SESSION_QUERY.fetch_rows(False, {"session_key": key})
        person = Person.from_db(
            "default", list_columns(Person), row[2 : 2 + len(list_columns(Person))]
        )
    assert person.__dict__ | {"_state": 0} == Session.objects.get(pk=key).person.__dict__ | {
        "_state": 0
    }


def test_columns_stand_in_the_order_in_which_a_model_takes_them():
    assert list_columns(Membership, "role", "id") == ("id", "role")
    with pytest.raises(TypeError, match="no rank"):
        list_columns(Membership, "rank")


# --- it remembers nobody


def test_nothing_of_the_tenant_that_came_first_is_remembered(acme, people):
    compiled = roles_of()
    with bind_tenant(acme):
        compiled.fetch_rows("admin", {"person": people["ada"].pk})
    known = repr(vars(compiled))
    for secret in (acme.id, acme.id.hex, acme.schema_name, acme.location_prefix, people["ada"].pk):
        assert str(secret) not in known


def test_writing_it_leaves_the_binding_and_the_connection_as_they_were(acme, people):
    with bind_tenant(acme):
        roles_of().get_statement("admin")
        assert bound_tenant() == acme
        assert [row.tenant_id for row in Stamp.objects.all()] == [acme.id]


def test_it_is_refused_where_nobody_is_bound(acme, globex, people):
    compiled = roles_of()
    with pytest.raises(NoTenantBound):
        compiled.fetch_rows(None, {"person": people["ada"].pk})
    with bind_tenant(acme):
        connection.set_tenant(globex)
        with pytest.raises(BindingDisagrees):
            compiled.fetch_rows(None, {"person": people["ada"].pk})


def test_what_always_stands_in_it_is_no_parameter_any_more(acme):
    words = ["viewer", "it's", r"a\b", "50 %", "é", ""]

    def build(_, values):
        rows = Membership.objects.filter(tenant=bound_tenant().id, person_id__in=[values["p"]])
        return rows.order_by().values_list(*map(Value, words), Value(7), Value(-7), Value(True))

    compiled = CompiledQuery(build, {"p": UUID})
    with bind_tenant(acme):
        values = {"p": uuid.uuid4()}
        assert sent(compiled, None, values) == as_sent(*build(None, values).query.sql_with_params())
        assert (
            len(compiled.build_parameters(None, values))
            == len(build(None, values).query.sql_with_params()[1]) - 3
        )


# --- what cannot be written once is refused


REFUSED = {
    "a moment that passes": lambda values: Tenant.objects.filter(created_at__lt=timezone.now()),
    "a part of a value": lambda values: Tenant.objects.filter(name=f"of {values['person']}"),
    "a value in a list of something else": lambda values: Tenant.objects.filter(
        file_groups__contains=[str(values["person"])]
    ),
    "a value in the SQL": lambda values: Tenant.objects.annotate(
        x=RawSQL(f"'{values['person']}'", [])  # noqa: S611 - made up
    ),
    "a value as a short text": lambda values: Tenant.objects.filter(name=values["person"].hex),
    "the binding's prefix": lambda values: Tenant.objects.filter(
        location_prefix=bound_tenant().location_prefix
    ),
    "the binding's schema": lambda values: Tenant.objects.filter(
        schema_name__startswith=bound_tenant().schema_name
    ),
    "an id from elsewhere": lambda values: Tenant.objects.filter(pk=uuid.uuid4()),
}


@pytest.mark.parametrize("build", REFUSED.values(), ids=REFUSED)
def test_refuses_what_would_be_wrong_the_next_time(build, acme):
    compiled: CompiledQuery[None] = CompiledQuery(
        lambda _, values: build(values), {"person": UUID}, needs=frozenset()
    )
    with bind_tenant(acme), pytest.raises(TypeError):
        compiled.get_statement(None)


def test_refuses_a_statement_that_does_not_ask_for_the_tenant(acme):
    compiled: CompiledQuery[None] = CompiledQuery(
        lambda _, values: Person.objects.filter(pk=values["p"]), {"p": UUID}
    )
    with bind_tenant(acme), pytest.raises(TypeError, match="id of the bound tenant"):
        compiled.get_statement(None)


def test_refuses_a_statement_that_overlooks_a_value_that_it_needs(acme):
    compiled: CompiledQuery[None] = CompiledQuery(
        members, {"person": UUID, "key": str}, needs=frozenset({"key"})
    )
    with bind_tenant(acme), pytest.raises(TypeError, match="key"):
        compiled.get_statement(None)


def test_the_databases_clock_and_lasting_words_are_welcome(acme, people):
    def build(_, values):
        recent = Membership.objects.filter(created_at__gt=Now() - timedelta(days=1))
        return recent.filter(person=values["person"], tenant=bound_tenant().id).values_list(
            F("role"), Value("said")
        )

    with bind_tenant(acme):
        found = CompiledQuery(build, {"person": UUID}).fetch_rows(
            None, {"person": people["ada"].pk}
        )
    assert found == [("admin", "said")]
