"""A database that was restored or copied beside the real one removes and moves nothing, until it takes over."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from media_core.bucket.marker import Marker, MarkerOwner, read_ownership, take_over
from media_core.bucket.marker_store import overwrite_marker
from media_core.bucket.models import Deployment
from media_core.checks import check_marker_database
from media_core.documents.models import TrashEntry
from media_core.errors import RemovalRefused
from media_core.ledger.models import StoredObject
from media_core.upkeep.app_takedown import bring_files_back
from tenants.binding import bind_tenant
from tenants.jobs.kinds import find_kind
from tenants.jobs.models import JobState
from tenants.jobs.operations import request_operation
from tenants.jobs.step_runner import run_step
from tenants.models import AuditEvent, Tenant
from tenants.provisioning import suspend_tenant
from tests.apps import kept
from tests.media_core.conftest import document_row, stored_row
from tests.media_core.uploads.conftest import keys
from tests.proof import forget_caches
from tests.wire import bucket_requests

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rooms")]
CHANGES = {"PUT", "POST", "DELETE"}


def name_another_database() -> None:
    """Let the marker name the database of which this one is a copy."""
    this = Deployment.get_current()
    overwrite_marker(Marker(this.pk, "7000000000000000000/16384", this.created_at).as_json())
    forget_caches()


@pytest.fixture
def copied(world: Any, db: None) -> Iterator[None]:
    name_another_database()
    yield
    take_over(str(Deployment.get_current()))


@pytest.fixture
def done_with(acme: Tenant, globex: Tenant) -> dict[Tenant, StoredObject]:
    """Return an object of each tenant whose time is over, with its bytes in the bucket."""
    rows = {}
    for tenant in (acme, globex):
        rows[tenant] = kept(tenant).stored_object
        with bind_tenant(tenant):
            StoredObject.objects.filter(pk=rows[tenant].pk).update(
                state="condemned", purge_after=timezone.now(), charged_bytes=0
            )
    return rows


def call(*command: str) -> str:
    said = StringIO()
    call_command(*command, stdout=said, stderr=said)
    return said.getvalue()


def command(*words: str) -> Callable[[Tenant], None]:
    def run(_tenant: Tenant) -> None:
        try:
            call(*words)
        except CommandError as error:
            raise RemovalRefused from error

    return run


def work(kind: str) -> Callable[[Tenant], None]:
    return lambda tenant: run_step(find_kind(kind), tenant.pk)


def take_down(tenant: Tenant) -> None:
    suspend_tenant(tenant)
    request_operation("take_down", tenant)
    run_step(find_kind("take_down"), tenant.pk)


def move(tenant: Tenant) -> None:
    request_operation("move_storage", tenant, parameters={"to": "bucket"})
    run_step(find_kind("move_storage"), tenant.pk)


def bring_back(tenant: Tenant) -> None:
    with bind_tenant(tenant):
        bring_files_back(lambda _done, _of: None)


RUNS = {
    "sweep_uploads": command("sweep_uploads"), "sweep": work("sweep"), "purge_trash": work("purge_trash"),
    "take_down": take_down, "move_storage": move, "resume": bring_back,
    "repair": command("bucket", "verify", "--repair"),
}  # fmt: skip


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize("run", RUNS)
def test_nothing_is_removed_or_moved(run, acme, globex, done_with):
    kept(acme, area="media", name="shown.txt")
    with bind_tenant(acme):
        entry = TrashEntry.objects.create(
            title="old", was_restricted=False, trashed_by_id=acme.pk, trashed_by_name="Ada"
        )
        document_row(trash_entry=entry)
        TrashEntry.objects.update(trashed_at=timezone.now() - timedelta(days=1000))
    before = keys(acme), keys(globex)
    with bucket_requests() as sent, pytest.raises(RemovalRefused):
        RUNS[run](acme)
    assert not {request.method for request in sent} & CHANGES
    assert (keys(acme), keys(globex)) == before
    with bind_tenant(acme, even_suspended=True):
        assert TrashEntry.objects.exists()
        assert StoredObject.objects.get(pk=done_with[acme].pk).state == "condemned"


@pytest.mark.usefixtures("copied")
def test_once_it_took_over_everything_goes_on(acme, globex, done_with):
    said = call("bucket", "apply", "--take-over", "other-database", "--yes")
    assert "only when nothing uses that database any more" in said
    assert "Run manage.py bucket doctor next" in said
    assert AuditEvent.objects.filter(action="took the storage over").exists()
    work("sweep")(acme)
    assert acme.prefix.build_key(done_with[acme].name) not in keys(acme)
    assert globex.prefix.build_key(done_with[globex].name) in keys(globex)


@pytest.mark.usefixtures("copied")
def test_a_dry_run_takes_nothing_over_and_says_what_it_means(acme):
    said = call("bucket", "apply", "--dry-run", "--take-over", "other-database")
    assert "the other one removes nothing" in said
    assert read_ownership().owner == MarkerOwner.OTHER_DATABASES


@pytest.mark.usefixtures("copied")
def test_the_job_says_why_and_is_tried_again_only_when_it_is_due(acme, globex, caplog):
    with pytest.raises(RemovalRefused):
        work("sweep")(acme)
    state = JobState.objects.get(key=find_kind("sweep").build_key(acme.pk))
    assert "manage.py bucket apply" in state.error_message
    (record,) = [each for each in caplog.records if each.name == "tenants.jobs"]
    assert "--take-over other-database" in record.getMessage()
    assert not record.exc_info


@pytest.mark.usefixtures("copied")
def test_a_check_says_so_too(acme):
    (warning,) = check_marker_database(databases=["default"])
    assert "--take-over other-database" in warning.msg
    take_over(str(Deployment.get_current()))
    assert check_marker_database(databases=["default"]) == []


def test_one_request_is_enough_for_the_runs_of_many_tenants(acme, globex):
    with bucket_requests() as sent:
        for tenant in (acme, globex, acme, globex):
            work("sweep")(tenant)
    assert [request.method for request in sent] == ["GET"]


def test_without_a_marker_nothing_is_removed(acme, settings, done_with):
    settings.LOCATION_PREFIX = "nobodys/"
    with pytest.raises(RemovalRefused, match="is not there"):
        work("sweep")(acme)


def test_on_disk_the_marker_is_a_file(acme, globex, settings, rooms):
    settings.USE_S3_MEDIA, settings.BUCKET_NAME = False, ""
    rows = {}
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            rows[tenant] = stored_row("condemned", place="disk")
    work("sweep")(acme)
    assert (rooms / django_settings.LOCATION_PREFIX / "_gateway" / "owner.json").is_file()
    name_another_database()
    with pytest.raises(RemovalRefused, match="--take-over"):
        work("sweep")(globex)
    with bind_tenant(globex):
        assert StoredObject.objects.get(pk=rows[globex].pk).state == "condemned"
    assert "taken over" in call("bucket", "apply", "--take-over", str(Deployment.get_current()))
    work("sweep")(globex)
    with bind_tenant(globex):
        assert StoredObject.objects.get(pk=rows[globex].pk).state == "gone"
