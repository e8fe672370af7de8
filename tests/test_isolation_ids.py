"""Primary keys of acme's rows, offered by globex's admin everywhere: they open nothing."""

import json
from collections.abc import Callable

import pytest
from django.apps import apps
from django.db.models import Model

from media_core.documents.models import Document
from tenants.models import Tenant
from tenants.people.models import Membership, Person
from tests.conftest import browser_at, new_session
from tests.visiting import asked_visit
from tests.walk import ANYTHING, asked, everything_of, requests_for, routes, written

pytestmark = pytest.mark.django_db
TENANT_ROUTES = routes("gateway.urls_tenant")


@pytest.fixture
def acmes(acme: Tenant, globex: Tenant, store: Callable[..., Document]) -> Document:
    return store(
        acme, b"what only acme may read", name="acme-secret.pdf", title="acme-secret-title"
    )


def models_that_lead_to_a_tenant() -> list[type[Model]]:
    """Return every model of the public schema with a way to a tenant."""
    public = [apps.get_app_config(label) for label in ("tenants", "people", "account")]
    return [
        model
        for config in public
        for model in config.get_models()
        if model is Tenant or _leads(model, set())
    ]


def _leads(model: type[Model], passed: set[type[Model]]) -> bool:
    fields = model._meta.get_fields()
    known = {
        field.related_model for field in fields if field.is_relation and field.related_model
    } - passed
    return Tenant in known or any(_leads(target, passed | {model}) for target in known)


def ids_of_acme(model: type[Model], acme: Tenant, people: dict[str, Person]) -> list[str]:
    """Return primary keys of this model's rows that are acme's."""
    rows = model._base_manager.filter(pk=acme.pk) if model is Tenant else None
    if rows is None and any(field.name == "tenant" for field in model._meta.get_fields()):
        rows = model._base_manager.filter(tenant=acme)
    if rows is None and model is Person:
        rows = model._base_manager.filter(memberships__tenant=acme)
    return [str(row.pk) for row in rows[:2]] if rows is not None else []


@pytest.mark.parametrize("model", models_that_lead_to_a_tenant(), ids=lambda model: model.__name__)
def test_foreign_ids_of_public_rows_open_nothing_anywhere(
    model: type[Model], acmes: Document, acme: Tenant, globex: Tenant, people: dict[str, Person]
) -> None:
    new_session(people["ada"], acme)
    asked_visit(people["otto"], acme)
    eve = browser_at("globex.example", new_session(people["eve"], globex))
    before = everything_of(acme)
    members = list(Membership.objects.order_by("pk").values_list("person", "tenant", "role"))
    for foreign in ids_of_acme(model, acme, people):
        for route, _ in requests_for(TENANT_ROUTES, ["any"]):
            values = dict.fromkeys(ANYTHING, foreign)
            offered = dict.fromkeys(
                (
                    "id",
                    "pk",
                    "tenant",
                    "tenant_id",
                    "person",
                    "next",
                    "folder",
                    "into",
                    model.__name__.lower(),
                ),
                foreign,
            )
            path = route.path(values)
            answers = [
                asked(eve, "get", path, data=offered),
                asked(eve, "post", path, data=offered),
                asked(eve, "post", path, data=json.dumps(offered), content_type="application/json"),
            ]
            for answer in answers:
                assert b"acme" not in written(answer).replace(foreign.encode(), b"").lower(), (
                    f"{route.pattern} {foreign}"
                )
                assert "/acme/" not in answer.headers.get("Location", "")
            if route.name == "account_logout":
                eve = browser_at("globex.example", new_session(people["eve"], globex))
    assert everything_of(acme) == before
    assert (
        list(Membership.objects.order_by("pk").values_list("person", "tenant", "role")) == members
    )


def test_the_walk_knows_the_models_that_lead_to_a_tenant() -> None:
    names = {model.__name__ for model in models_that_lead_to_a_tenant()}
    known = {
        "Tenant", "Domain", "PrefixReservation", "Membership", "Session", "Person", "Visit", "AuditEvent",
    }  # fmt: skip
    assert known <= names
