from typing import Any

from django.core.checks import Tags
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS
from django_tenants.management.commands.migrate_schemas import MigrateSchemasCommand

from tenants.schemas import note_versions

# Options that change what is noted of migrations, and not the tables.
PAST_THE_TABLES = ("fake", "fake_initial", "prune")


class Command(MigrateSchemasCommand):  # type: ignore[misc]  # django-tenants ships no types
    """django-tenants' own, which then writes down which version each tenant's schema has."""

    def handle(self, *args: Any, **options: Any) -> None:
        if given := [name for name in PAST_THE_TABLES if options.get(name)]:
            raise CommandError(
                f"--{given[0].replace('_', '-')} would note what the tables do not have: leave it out."
            )
        if options.get("migration_name"):
            # "zero" would take tenants, people and reservations away without a question.
            raise CommandError(
                "Migrations only go forward here: leave the name of the migration out."
            )
        # Django's own migrate asks this too; django-tenants' does not.
        self.check(tags=[Tags.database], databases=[DEFAULT_DB_ALIAS])
        super().handle(*args, **options)
        if self.sync_tenant and not (options["plan"] or options["check_unapplied"]):
            note_versions()
