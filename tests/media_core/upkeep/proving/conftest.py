"""A proof by the command, and everything that must be as it was before."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from media_core.bucket.models import Attestation
from media_core.upkeep.proving import prove as prover
from media_core.upkeep.proving.url_attempts import STALE_LIFETIME_SECONDS
from tenants.models import AuditEvent, Quota, Tenant
from tenants.people.models import AgencyRole, Membership, Person, Session
from tests.conftest import World
from tests.environment import on_ceph
from tests.media_core.conftest import set_quota
from tests.media_core.uploads.conftest import keys
from tests.walk import everything_of


@dataclass(frozen=True)
class Said:
    """What the command said, and the sentence it failed with."""

    out: str
    err: str
    failure: str = ""


Prove = Callable[..., Said]


def run_command(*arguments: str) -> Said:
    out, err, failure = StringIO(), StringIO(), ""
    try:
        call_command("bucket", "prove", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        failure = str(error)
    return Said(out.getvalue(), err.getvalue(), failure)


@contextmanager
def short_wait() -> Iterator[None]:
    """Wait for the end of a link as long as the embedded bucket needs: its clock is ours, and has no whole seconds.

    Ceph RGW is waited for as long as in a deployment, and so is the embedded bucket in whole_run.
    """
    with pytest.MonkeyPatch.context() as patch:
        if not on_ceph():
            patch.setattr(prover, "STALE_AFTER_SECONDS", STALE_LIFETIME_SECONDS + 0.1)
        yield


@pytest.fixture
def prove(acme: Tenant, globex: Tenant, hooli: Tenant) -> Iterator[Prove]:
    with short_wait():
        yield run_command


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


@dataclass(frozen=True)
class Run:
    """One run and what came of it, for tests that only read it."""

    said: Said
    requests: list[str]
    attestation_id: Any
    document: dict[str, Any]
    state_before: dict[str, Any]
    state_after: dict[str, Any]


def record_run(tenants: list[Tenant], *arguments: str) -> Run:
    """Run the command on committed rows, as a deployment does. Its attestation is kept here and in no table."""
    before = state(*tenants)
    with sent_requests() as sent:
        said = run_command(*arguments)
    after = state(*tenants)
    made = Attestation.objects.latest("made_at")
    run = Run(said, sent, made.pk, made.document, before, after)
    made.delete()
    return run


# A run waits for seconds until a link is over, so these are made once for all tests that only read them.


@pytest.fixture(scope="session")
def whole_run(world: World, django_db_blocker: Any) -> Run:
    """Return a run for every tenant."""
    with django_db_blocker.unblock():
        return record_run(list(world.tenants.values()))


@pytest.fixture(scope="session")
def acme_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the run for acme writes its attestation."""
    return tmp_path_factory.mktemp("attestation") / "attestation.json"


@pytest.fixture(scope="session")
def acme_run(world: World, django_db_blocker: Any, acme_file: Path) -> Run:
    """Return a run for acme alone, which has no room left, with the bucket as the public address."""
    acme = world.tenants["acme"]
    address = f"{django_settings.BUCKET_ENDPOINT_URL}/{django_settings.BUCKET_NAME}"
    arguments = ("--tenant", "acme/", "--json", "--output", str(acme_file))
    public = override_settings(PUBLIC_MEDIA_BASE_URL=address)
    with django_db_blocker.unblock(), public, short_wait():
        set_quota(acme, 0)
        try:
            return record_run([acme], *arguments)
        finally:
            set_quota(acme, None)


@pytest.fixture(scope="session")
def hooli_run(
    world: World, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """Return a run for hooli alone, which is suspended, whose attestation cannot be written into its file."""
    missing = tmp_path_factory.mktemp("attestation") / "missing" / "attestation.json"
    with django_db_blocker.unblock(), short_wait():
        return record_run([world.tenants["hooli"]], "--tenant", "hooli/", "--output", str(missing))
