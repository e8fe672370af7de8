"""Whether a tenant's schema is in order: for commands and jobs that go from tenant to tenant and skip broken ones.

Requests ask less: `bind_tenant` compares versions, and every query asks the stamp.
"""

from django.apps import apps

from tenants.binding import bind_tenant, connection
from tenants.errors import GatewayError, SchemaBroken, SchemaNotServed
from tenants.models import Tenant
from tenants.schema_versions import find_version_problem, get_schema_version, list_tenant_app_labels
from tenants.schemas.creation import read_applied_version
from tenants.stamp.models import Stamp


def require_schema(tenant: Tenant) -> None:
    """Raise what `find_schema_problem` finds. Three queries."""
    if problem := find_schema_problem(tenant):
        raise problem


def find_schema_problem(tenant: Tenant) -> GatewayError | None:
    """Return what is wrong with the tenant's schema, or None. Three queries."""
    if why := find_version_problem(tenant.schema_version, tenant.oldest_code):
        return SchemaNotServed(f"{why}. Look at manage.py migrate_tenants --dry-run.")
    if why := _describe_tables(tenant) or _describe_owner(tenant):
        return SchemaBroken(f"{why} Restore the tenant's schema from a backup.")
    return None


def has_schema(tenant: Tenant) -> bool:
    """Return whether the tenant's schema is there at all. One query."""
    return bool(_list_tables(tenant))


def _describe_tables(tenant: Tenant) -> str:
    tables = _list_tables(tenant)
    if not tables:
        return f"The schema {tenant.schema_name} is not there."
    if "django_migrations" not in tables:
        return f"The schema {tenant.schema_name} lacks the table django_migrations."
    applied = read_applied_version(tenant.schema_name)
    if applied != tenant.schema_version:
        return f"Its tables have {applied or 'no version'}; {tenant.schema_version} is recorded for it."
    missing = _list_current_tables() - tables if applied == get_schema_version() else frozenset()
    if missing:
        return f"The schema {tenant.schema_name} lacks the table {min(missing)}."
    return ""


def _describe_owner(tenant: Tenant) -> str:
    with bind_tenant(tenant, even_suspended=True):
        found = list(Stamp.objects.values_list("tenant_id", flat=True))
    if found == [tenant.id]:
        return ""
    return f"The stamp in the schema {tenant.schema_name} says {found[0] if found else 'nothing'}."


def _list_tables(tenant: Tenant) -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", [tenant.schema_name]
        )
        return frozenset(name for (name,) in cursor.fetchall())


def _list_current_tables() -> frozenset[str]:
    """Return the tables of a tenant of this code's version."""
    return frozenset(
        model._meta.db_table  # noqa: SLF001 - Django's own API
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in list_tenant_app_labels() and model._meta.managed  # noqa: SLF001 - the same
        if not model._meta.proxy  # noqa: SLF001 - the same
    )
