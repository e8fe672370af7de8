"""Two tenants with Wagtail, django-filer and a plain app; made once, what a test adds is rolled back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.test import Client
from easy_thumbnails.models import Source

from media_core.app_files.models import AppFile
from media_core.ledger.models import StoredObject
from tenants.binding import bind_tenant
from tenants.models import FileGroup, Quota, Tenant
from tenants.provisioning import create_tenant
from tests.proof import proved
from tests.untouched.uses import USES

NAMES = ("acme", "globex")

Browse = Callable[..., Client]


@pytest.fixture(scope="session")
def tenants(django_db_setup: None, django_db_blocker: Any) -> dict[str, Tenant]:
    with django_db_blocker.unblock():
        call_command("collectstatic", interactive=False, verbosity=0)
        proved()
        return {name: create_site(name) for name in NAMES}


def create_site(name: str) -> Tenant:
    """Return a tenant with somebody who may do everything there, and a reader who may do nothing."""
    known = Tenant.objects.filter(location_prefix=f"{name}/").first()
    if known:
        return known
    tenant = create_tenant(name=name.title(), location_prefix=f"{name}/", domain=f"{name}.example")
    tenant.file_groups = FileGroup.values
    tenant.save(update_fields=["file_groups"])
    with bind_tenant(tenant):
        User.objects.create_superuser(f"{name}-editor")
        User.objects.create_user(f"{name}-reader")
    return tenant


@pytest.fixture(autouse=True)
def _without_files_of_the_test_before(
    request: pytest.FixtureRequest, tenants: dict[str, Tenant], django_db_blocker: Any
) -> None:
    """Remove what was committed beside the transaction of the test before, as a save inside `atomic()` is."""
    if "committed" in request.fixturenames:
        return
    with django_db_blocker.unblock(), another_connection():
        for tenant in tenants.values():
            with bind_tenant(tenant):
                AppFile.objects.all().delete()
                StoredObject.objects.filter(kind=StoredObject.Kind.APP).delete()
                Quota.objects.filter(tenant=tenant).update(used_bytes=0, reserved_bytes=0)


@pytest.fixture
def acme(tenants: dict[str, Tenant], db: None) -> Tenant:
    return tenants["acme"]


@pytest.fixture
def globex(tenants: dict[str, Tenant], db: None) -> Tenant:
    return tenants["globex"]


@pytest.fixture
def committed(tenants: dict[str, Tenant], db: None) -> Iterator[dict[str, Tenant]]:
    """Let a test commit, as a site does: on a connection without the test's transaction. What it leaves is removed."""
    with another_connection():
        yield tenants
        for tenant in tenants.values():
            with bind_tenant(tenant):
                remove_everything(tenant)


@contextmanager
def another_connection() -> Iterator[None]:
    first = connections[DEFAULT_DB_ALIAS]
    second = connections.create_connection(DEFAULT_DB_ALIAS)
    connections[DEFAULT_DB_ALIAS] = second
    second.set_schema_to_public()  # type: ignore[attr-defined]  # django-tenants adds it
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = first
        second.close()


def remove_everything(tenant: Tenant) -> None:
    for use in USES.values():
        use.model.objects.all().delete()
    AppFile.objects.all().delete()
    StoredObject.objects.all().delete()
    Source.objects.all().delete()
    Quota.objects.filter(tenant=tenant).update(used_bytes=0, reserved_bytes=0, quota_bytes=None)


@pytest.fixture
def in_acme(acme: Tenant) -> Iterator[Tenant]:
    with bind_tenant(acme):
        yield acme


def browser(tenant: Tenant, who: str = "") -> Client:
    """Return a browser at the tenant's host over HTTPS; signed in as its editor or reader when one is named."""
    name = tenant.location_prefix.rstrip("/")
    client = Client(headers={"host": f"{name}.example", "x-forwarded-proto": "https"})
    if who:
        with bind_tenant(tenant):
            client.force_login(User.objects.get(username=f"{name}-{who}"))
    return client
