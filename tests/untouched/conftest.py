"""Two tenants with Wagtail, django-filer and a plain app; made once, what a test adds is rolled back."""

from typing import Any

import pytest

from tenants.models import FileGroup, Tenant
from tenants.provisioning import create_tenant

NAMES = ("acme", "globex")


@pytest.fixture(scope="session")
def tenants(django_db_setup: None, django_db_blocker: Any) -> dict[str, Tenant]:
    with django_db_blocker.unblock():
        return {name: create_site(name) for name in NAMES}


def create_site(name: str) -> Tenant:
    tenant = create_tenant(name=name.title(), location_prefix=f"{name}/", domain=f"{name}.example")
    tenant.file_groups = FileGroup.values
    tenant.save(update_fields=["file_groups"])
    return tenant


@pytest.fixture
def acme(tenants: dict[str, Tenant], db: None) -> Tenant:
    return tenants["acme"]


@pytest.fixture
def globex(tenants: dict[str, Tenant], db: None) -> Tenant:
    return tenants["globex"]
