from typing import Any

from django_tenants.management.commands.migrate_schemas import MigrateSchemasCommand

from tenants.schemas import note_versions


class Command(MigrateSchemasCommand):  # type: ignore[misc]  # django-tenants ships no types
    """django-tenants' own, which then writes down which version each tenant's schema has."""

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if self.sync_tenant and not (options["plan"] or options["check_unapplied"]):
            note_versions()
