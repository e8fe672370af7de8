from typing import Any

from django.core.checks import Tags
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, IntegrityError, ProgrammingError
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django_tenants.management.commands.migrate_schemas import MigrateSchemasCommand

from tenants.binding import connection
from tenants.commands.tenant_references import format_tenant
from tenants.errors import GatewayError, SchemaBroken
from tenants.management.commands.migrate_tenants import format_error
from tenants.models import Tenant
from tenants.schemas.creation import read_applied_version, save_schema_version
from tenants.schemas.problems import has_schema

# Options that change which migrations are recorded, and not the tables.
RECORD_ONLY_OPTIONS = ("fake", "fake_initial", "prune")
# What is wrong with one tenant, and not with the database.
FAILURES = (GatewayError, InconsistentMigrationHistory, IntegrityError, ProgrammingError)


class Command(MigrateSchemasCommand):  # type: ignore[misc]  # django-tenants ships no types
    """django-tenants' own, which then writes down which version each tenant's schema has."""

    def handle(self, *args: Any, **options: Any) -> None:
        if given := [name for name in RECORD_ONLY_OPTIONS if options.get(name)]:
            raise CommandError(
                f"--{given[0].replace('_', '-')} would change which migrations are recorded, and not the tables:"
                " leave it out."
            )
        if options.get("migration_name"):
            # "zero" would take tenants, people and reservations away without a question.
            raise CommandError(
                "Migrations only go forward here: leave the name of the migration out."
            )
        # Django's own migrate asks this too; django-tenants' does not.
        self.check(tags=[Tags.database], databases=[DEFAULT_DB_ALIAS])
        if options["schema_name"] or (options["shared"] and not options["tenant"]):
            self._migrate(*args, **options)
            return
        if options["shared"] or not options["tenant"]:
            self._migrate(*args, **{**options, "shared": True, "tenant": False})
        self._migrate_tenants(*args, **options)

    def _migrate_tenants(self, *args: Any, **options: Any) -> None:
        """Migrate one tenant after the other; one that fails is named, and stops no other."""
        failed = 0
        for tenant in Tenant.objects.all():
            try:
                if not has_schema(tenant):
                    raise SchemaBroken(f"The schema {tenant.schema_name} is not there.")
                self._migrate(
                    *args, **{**options, "shared": False, "schema_name": tenant.schema_name}
                )
            except FAILURES as error:
                failed += 1
                self.stderr.write(f"{format_tenant(tenant)}: {format_error(error)}")
            finally:
                connection.set_schema_to_public()
        if failed:
            raise CommandError(f"{failed} tenant(s) failed, see above.")

    def _migrate(self, *args: Any, **options: Any) -> None:
        """Do what django-tenants does; then record the version of the tenant's schema."""
        super().handle(*args, **options)
        if self.sync_tenant and not (options["plan"] or options["check_unapplied"]):
            for tenant in Tenant.objects.filter(schema_name=self.schema_name):
                save_schema_version(tenant, read_applied_version(tenant.schema_name))
