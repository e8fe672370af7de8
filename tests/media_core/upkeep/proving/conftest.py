"""A proof by the command, and everything that must be as it was before."""

from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from media_core.storages.bucket.models import Attestation
from tenants.models import AuditEvent, Quota, Tenant
from tenants.people.models import AgencyRole, Membership, Person, Session
from tests.media_core.uploads.conftest import keys
from tests.walk import everything_of


@dataclass(frozen=True)
class Said:
    """What the command said, and the sentence it failed with."""

    out: str
    err: str
    failure: str = ""


Prove = Callable[..., Said]


@pytest.fixture
def prove(acme: Tenant, globex: Tenant, hooli: Tenant) -> Prove:
    def run(*arguments: str) -> Said:
        out, err, failure = StringIO(), StringIO(), ""
        try:
            call_command("bucket", "prove", *arguments, stdout=out, stderr=err)
        except CommandError as error:
            failure = str(error)
        return Said(out.getvalue(), err.getvalue(), failure)

    return run


def newest() -> dict[str, Any]:
    """Return the document of the newest attestation."""
    found: dict[str, Any] = Attestation.objects.latest("made_at").document
    return found


SHARED = (Person, Membership, Session, AgencyRole, AuditEvent, Quota)


def state(*tenants: Tenant) -> dict[str, Any]:
    """Return all rows and objects that a proof could leave something among."""
    shared = {model.__name__: sorted(map(repr, model.objects.values())) for model in SHARED}
    rooms = {tenant.location_prefix: (everything_of(tenant), keys(tenant)) for tenant in tenants}
    return {**shared, **rooms}
