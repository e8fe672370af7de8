"""Proof of files at a tenant that takes this or that."""

from collections.abc import Callable

import pytest

from media_core.inspection.proved_types import prove_type
from media_core.uploads.handlers import UnnamedFile
from tenants.binding import bind_tenant
from tenants.models import FileGroup, Tenant, list_proved_groups

Prove = Callable[..., str]


@pytest.fixture
def prove(acme: Tenant) -> Prove:
    """Return the type of a file as acme proves it. It takes all that can be proved, unless groups are given."""

    def prove_file(
        content: bytes,
        name: str,
        claimed: str = "",
        *,
        groups: list[str] | None = None,
        other: bool = False,
    ) -> str:
        taken = list_proved_groups() if groups is None else groups
        # As a request binds it: an instance of its own.
        tenant = Tenant.objects.get(pk=acme.pk)
        tenant.file_groups = [*taken, FileGroup.OTHER] if other else taken
        with bind_tenant(tenant), UnnamedFile(name=name, size=len(content)) as file:
            file.write(content)
            return prove_type(file, name=name, claimed=claimed)

    return prove_file
