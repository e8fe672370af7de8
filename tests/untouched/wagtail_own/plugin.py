"""Binds a tenant around Wagtail's own tests. A pytest plugin, because those tests lie elsewhere."""
# ruff: noqa: PLC0415 - pytest loads this before there are settings

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.untouched.wagtail_own.left_out import is_left_out

# Where Django's test client says it is.
HOSTS = ("testserver", "localhost")
KEPT = ["stamp_stamp", "django_migrations"]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    # It cannot even be imported.
    return True if "test_api_v3" in collection_path.parts else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if is_left_out(item.nodeid)]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session", autouse=True)
def _in_a_tenant(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    from django.test import TransactionTestCase

    from tenants.binding import bind_tenant

    with django_db_blocker.unblock():
        tenant = made_tenant()
    with pytest.MonkeyPatch.context() as patch, bind_tenant(tenant):
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: empty())
        yield


def made_tenant() -> Any:
    from django.core.management.sql import emit_post_migrate_signal

    from tenants.binding import bind_tenant
    from tenants.models import FileGroup, Tenant
    from tenants.provisioning import add_domain, create_tenant

    known = Tenant.objects.first()
    if known:
        return known
    from tests.proof import proved

    proved()
    # Create the content types of models that no migration creates: creating a tenant may not.
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    first, *others = HOSTS
    tenant = create_tenant(name="Acme", location_prefix="acme/", domain=first)
    Tenant.objects.update(file_groups=FileGroup.values)
    for host in others:
        add_domain(tenant, host, active=True)
    with bind_tenant(tenant):
        create_tables("tests")
    return tenant


def create_tables(label: str) -> None:
    """Create the tables of an app without migrations in the bound tenant's schema."""
    from django.apps import apps
    from django.db import connection

    models = apps.get_app_config(label).get_models()
    with connection.schema_editor() as editor:
        for model in models:
            if model._meta.can_migrate(connection):
                editor.create_model(model)


def empty() -> None:
    """Empty the tenant's own tables after a test of transactions: the gateway closes `flush`."""
    from django.core.management.sql import emit_post_migrate_signal
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(format('%%I', tablename), ', ') FROM pg_tables "
            "WHERE schemaname = %s AND NOT tablename = ANY(%s)",
            [connection.schema_name, KEPT],
        )
        cursor.execute(f"TRUNCATE {cursor.fetchone()[0]}")
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
