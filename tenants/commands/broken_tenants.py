"""How a command for many tenants treats one whose schema is broken: name it, and go on with the others."""

from collections.abc import Iterable

from django.core.management.base import CommandError

from tenants.commands.base import PlainCommand
from tenants.commands.tenant_references import format_tenant
from tenants.models import Tenant
from tenants.schemas.problems import find_schema_problem


def skip_broken_tenants(
    command: PlainCommand, tenants: Iterable[Tenant]
) -> tuple[list[Tenant], list[Tenant]]:
    """Return the tenants to work on, and those whose schema is not in order, each named on standard error."""
    usable: list[Tenant] = []
    broken: list[Tenant] = []
    for tenant in tenants:
        problem = find_schema_problem(tenant)
        if problem:
            command.stderr.write(f"{format_tenant(tenant)}: {problem}")
        (broken if problem else usable).append(tenant)
    return usable, broken


def fail_if_any_broken(broken: list[Tenant]) -> None:
    """End with exit code 1 when some tenants were passed over."""
    if broken:
        raise CommandError(f"{len(broken)} tenant(s) were passed over, see above.")
