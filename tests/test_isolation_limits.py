"""A sum over a whole room tells nobody of folders that they may not know of."""

from typing import Any

import pytest

from tenants.models import Quota, Tenant
from tenants.people.models import Person
from tests.conftest import browser_at, new_session
from tests.walk import asked, routes, written

pytestmark = pytest.mark.django_db


# An editor is told when the largest file would not fit, as a refusal would; a viewer is never told.
@pytest.mark.parametrize(("who", "most"), [("ed", 1_234_567), ("vic", 10**12)])
def test_no_page_changes_for_who_is_no_admin_when_others_store_something(
    who: str, most: int, acme: Tenant, globex: Tenant, people: dict[str, Person]
) -> None:
    client = browser_at("acme.example", new_session(people[who], acme))
    looks: dict[str, set[Any]] = {}
    for used_bytes in (0, most):
        Quota.objects.filter(tenant=acme).update(quota_bytes=10**12, used_bytes=used_bytes)
        for route in routes("gateway.urls_tenant"):
            if not route.arguments and route.name != "account_logout":
                looks.setdefault(route.pattern, set()).add(
                    written(asked(client, "get", route.path({})))
                )
    assert len(looks) >= 5
    assert [pattern for pattern, seen in looks.items() if len(seen) > 1] == []
