"""A proof by the command, and everything that must be as it was before."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


_sent: list[list[str]] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    # The head of a request goes out in one piece; a body begins otherwise.
    if _sent and event == "http.client.send" and isinstance(arguments[1], bytes):
        line = arguments[1].partition(b"\r\n")[0]
        if line.endswith(b" HTTP/1.1"):
            _sent[-1].append(line.split()[0].decode())


# A hook stays for the life of the process, so it asks whether it is meant.
sys.addaudithook(_hear)


@contextmanager
def sent_requests() -> Iterator[list[str]]:
    """Collect the method of every HTTP request that this process sends, by whichever client."""
    _sent.append([])
    try:
        yield _sent[-1]
    finally:
        _sent.pop()
