"""Two tenants with Wagtail, django-filer and a plain app; made once, what a test adds is rolled back."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from tenants.binding import bind_tenant
from tenants.models import FileGroup, Tenant
from tenants.provisioning import create_tenant

NAMES = ("acme", "globex")

Browse = Callable[..., Client]


@pytest.fixture(scope="session")
def tenants(django_db_setup: None, django_db_blocker: Any) -> dict[str, Tenant]:
    with django_db_blocker.unblock():
        call_command("collectstatic", interactive=False, verbosity=0)
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


@pytest.fixture
def acme(tenants: dict[str, Tenant], db: None) -> Tenant:
    return tenants["acme"]


@pytest.fixture
def globex(tenants: dict[str, Tenant], db: None) -> Tenant:
    return tenants["globex"]


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
