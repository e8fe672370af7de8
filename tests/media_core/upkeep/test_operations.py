"""Moving and taking down as operations: step by step, counted exactly, stopped between two objects, killed anywhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from threading import Event, Thread

import pytest
from django.core.management import call_command
from django.db import connection

from media_core.bucket.client import get_bucket_client
from media_core.bucket.requirements import OwnershipCache, require_to_remove
from media_core.documents.models import Document
from media_core.errors import BucketUnavailable, MoveRefused
from media_core.ledger.models import StoredObject
from media_core.storages.disk_storage import get_disk_storage
from media_core.storages.tenant_storage import find_storage, remove_everywhere
from tenants.binding import bind_tenant, lock_tenant
from tenants.jobs import step_runner
from tenants.jobs.models import JobState
from tenants.jobs.operation_models import Operation
from tenants.jobs.operations import cancel, find_failing_job, pause, request_operation, resume
from tenants.models import Tenant
from tenants.provisioning import suspend_tenant
from tests.apps import kept
from tests.media_core.conftest import end_removals, in_a_thread
from tests.media_core.upkeep.conftest import keep
from tests.media_core.uploads.faults import BOTH, parametrize_cuts
from tests.operations import step
from tests.proof import reported
from tests.tenants.conftest import sql

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rooms")]


@pytest.fixture
def one_by_one(monkeypatch):
    """Let each step do one object."""
    monkeypatch.setattr(step_runner, "STEP_SECONDS", 0.0)


@contextmanager
def while_an_object_is_written(work: Callable[[], object]) -> Iterator[None]:
    """Do something once, when the bytes of the next object are on their way."""
    events, todo = get_bucket_client().meta.events, [work]

    def do_it(request, **_given):
        if request.method == "PUT" and todo:
            todo.pop()()

    events.register("before-send.s3", do_it)
    try:
        yield
    finally:
        events.unregister("before-send.s3", do_it)


def to_bucket(tenant):
    return request_operation("move_storage", tenant, parameters={"to": "bucket"})


def counts(operation):
    return (
        operation.state, operation.done_objects, operation.failed_objects, operation.total_objects,
        operation.done_bytes, operation.total_bytes,
    )  # fmt: skip


def places(tenant):
    with bind_tenant(tenant, even_suspended=True):
        return sorted(StoredObject.objects.stored().values_list("place", flat=True))


def actions(operation):
    return [event.action for event in operation.events.order_by("pk")]


def test_a_step_counts_what_it_did_and_the_next_goes_on(one_by_one, acme, globex):
    rows = [keep(acme, "disk") for _ in range(3)]
    keep(globex, "disk")
    operation = to_bucket(acme)
    assert counts(operation) == ("queued", 0, 0, 0, 0, 0)
    assert counts(step(operation)) == ("running", 1, 0, 3, 11, 33)
    assert places(acme) == ["bucket", "disk", "disk"]
    assert operation.cursor == str(sorted(row.pk for row in rows)[1])
    step(operation)
    assert counts(step(operation)) == ("done", 3, 0, 3, 33, 33)
    assert actions(operation) == ["requested", "started", "ended"]
    assert (places(acme), places(globex)) == (["bucket"] * 3, ["disk"])
    assert operation.worked_seconds > 0


def test_a_step_goes_on_while_it_has_time(acme):
    for _ in range(3):
        keep(acme, "disk")
    assert counts(step(to_bucket(acme))) == ("done", 3, 0, 3, 33, 33)


def test_nothing_to_do_is_done(acme):
    assert counts(step(to_bucket(acme))) == ("done", 0, 0, 0, 0, 0)


@pytest.mark.parametrize(("stop", "state"), [(pause, "paused"), (cancel, "cancelled")])
def test_stops_after_the_object_that_is_under_way(stop, state, acme):
    for _ in range(3):
        keep(acme, "disk")
    operation = to_bucket(acme)
    with while_an_object_is_written(lambda: stop(Operation.objects.get())):
        step(operation)
    assert counts(operation) == (state, 1, 0, 3, 11, 33)
    assert places(acme) == ["bucket", "disk", "disk"]
    # Nothing of it is asked for again, and a job that waited does nothing.
    assert counts(step(operation)) == (state, 1, 0, 3, 11, 33)


def test_goes_on_where_it_was_when_it_is_resumed(acme):
    for _ in range(3):
        keep(acme, "disk")
    operation = to_bucket(acme)
    with while_an_object_is_written(lambda: pause(Operation.objects.get())):
        step(operation)
    resume(operation)
    assert counts(step(operation)) == ("done", 3, 0, 3, 33, 33)
    assert actions(operation) == ["requested", "started", "paused", "resumed", "ended"]


def test_what_was_cancelled_is_not_touched_and_another_one_goes_on(acme):
    for _ in range(2):
        keep(acme, "disk")
    operation = to_bucket(acme)
    with while_an_object_is_written(lambda: cancel(Operation.objects.get())):
        step(operation)
    assert counts(step(to_bucket(acme))) == ("done", 1, 0, 1, 11, 11)
    assert places(acme) == ["bucket", "bucket"]


def test_one_that_fails_is_logged_by_id_and_does_not_stop_the_others(acme, globex):
    lost, whole, damaged = (keep(acme, "disk") for _ in range(3))
    with bind_tenant(acme):
        find_storage(lost).remove(lost)
        Path(get_disk_storage("private").find_path(damaged)).write_bytes(b"not the same")
    operation = step(to_bucket(acme))
    assert counts(operation) == ("failed", 1, 2, 3, 11, 33)
    failed = operation.events.exclude(error_code="")
    assert {(event.object_id, event.error_code) for event in failed} == {
        (lost.pk, "ObjectMissing"),
        (damaged.pk, "ObjectDiffers"),
    }
    assert failed[0].sentence.startswith("The stored bytes")
    assert places(acme) == ["bucket", "disk", "disk"]
    assert whole.pk


def test_a_failed_object_is_not_tried_again_until_somebody_asks(one_by_one, acme):
    lost, _whole = keep(acme, "disk"), keep(acme, "disk")
    with bind_tenant(acme):
        find_storage(lost).remove(lost)
    operation = to_bucket(acme)
    step(operation), step(operation)
    assert counts(operation) == ("failed", 1, 1, 2, 11, 22)
    assert counts(step(to_bucket(acme))) == ("failed", 0, 1, 1, 0, 11)


def test_what_its_people_remove_meanwhile_is_counted_no_more(one_by_one, acme):
    rows = sorted((keep(acme, "disk") for _ in range(3)), key=lambda row: row.pk)
    operation = step(to_bucket(acme))
    with bind_tenant(acme):
        for row in rows[1:]:
            row.condemn()
    step(operation)
    assert counts(operation) == ("done", 1, 0, 1, 11, 11)


def test_no_row_and_no_line_of_the_log_names_a_file(acme):
    lost = keep(acme, "disk")
    with bind_tenant(acme):
        find_storage(lost).remove(lost)
    step(to_bucket(acme))
    written = str(
        sql("SELECT row_to_json(o), row_to_json(e) FROM jobs_operation o, jobs_operationevent e")
    )
    assert str(lost.pk) in written
    assert "x.pdf" not in written


def test_waits_while_something_else_works_on_all_that_the_tenant_has(acme):
    keep(acme, "disk")
    operation, other = to_bucket(acme), Event()

    def hold():
        with bind_tenant(acme), lock_tenant():
            held.set()
            other.wait(60)
        connection.close()

    held, holder = Event(), Thread(target=hold)
    holder.start()
    held.wait(60)
    assert counts(step(operation)) == ("queued", 0, 0, 0, 0, 0)
    assert sql("SELECT scheduled_at > now() FROM procrastinate_jobs") in ([(True,)], [(None,)])
    other.set()
    holder.join()
    assert step(operation).state == "done"


def test_two_steps_at_once_never_both_work(committed, acme):
    def move_with_another_step_beside():
        keep(acme, "disk")
        keep(acme, "disk")
        operation = to_bucket(acme)
        with while_an_object_is_written(lambda: seen.append(in_a_thread(another_step))):
            step(operation)
        return counts(operation)

    def another_step():
        return counts(step(Operation.objects.get()))

    seen: list[object] = []
    assert committed(move_with_another_step_beside) == ("done", 2, 0, 2, 22, 22)
    assert seen == [("running", 0, 0, 2, 0, 22)]


def test_is_not_moved_the_wrong_way_by_a_worker_with_other_settings(acme, settings):
    keep(acme, "disk")
    operation = to_bucket(acme)
    settings.USE_S3_MEDIA = False
    with pytest.raises(MoveRefused):
        step(operation)
    operation.refresh_from_db()
    assert (operation.state, places(acme)) == ("queued", ["disk"])
    failing = find_failing_job(operation)
    assert failing
    assert failing.error_code == "MoveRefused"
    settings.USE_S3_MEDIA = True
    assert step(operation).state == "done"
    assert find_failing_job(operation) is None


def test_an_outage_before_the_step_is_no_failure_of_an_object(one_by_one, acme, settings):
    keep(acme, "disk")
    operation = to_bucket(acme)
    settings.BUCKET_ENDPOINT_URL = "http://127.0.0.1:9"
    with pytest.raises(BucketUnavailable):
        step(operation)
    operation.refresh_from_db()
    assert (operation.state, operation.failed_objects) == ("queued", 0)


def test_an_outage_ends_the_step_instead_of_failing_everything(
    one_by_one, acme, settings, monkeypatch
):
    monkeypatch.setattr(OwnershipCache, "SECONDS", 60.0)
    for _ in range(3):
        keep(acme, "disk")
    operation = to_bucket(acme)
    require_to_remove()
    settings.BUCKET_ENDPOINT_URL = "http://127.0.0.1:9"
    reported()
    with pytest.raises(BucketUnavailable):
        step(operation)
    operation.refresh_from_db()
    assert counts(operation) == ("running", 0, 1, 3, 0, 33)
    assert JobState.objects.get().error_code == "BucketUnavailable"


# --- Taking down


@pytest.fixture
def published(acme, globex, store):
    """Two public documents and a public file of an app of acme's, which is suspended; one of globex's."""
    for number in (1, 2):
        store(acme, f"brochure {number}".encode(), visibility="public")
    kept(acme, b"logo", "logo.png", "media")
    store(globex, b"globex's", visibility="public")
    suspend_tenant(acme)
    return acme


def public_documents(tenant):
    with bind_tenant(tenant, even_suspended=True):
        return Document.objects.filter(public_copy__isnull=False).count()


def test_taking_down_counts_files_of_apps_and_documents(one_by_one, published, globex):
    operation = request_operation("take_down", published)
    assert counts(step(operation)) == ("running", 1, 0, 3, 4, 24)
    step(operation)
    assert counts(step(operation)) == ("done", 3, 0, 3, 24, 24)
    assert (public_documents(published), public_documents(globex)) == (0, 1)


def test_nothing_is_taken_down_of_a_tenant_that_is_served_again(published):
    operation = request_operation("take_down", published)
    Tenant.objects.filter(pk=published.pk).update(status="active")
    assert step(operation).state == "cancelled"
    assert public_documents(published) == 2


def test_to_resume_the_tenant_ends_the_taking_down(one_by_one, published, capsys):
    operation = step(request_operation("take_down", published))
    step(operation)
    call_command("tenant", "resume", "acme/")
    operation.refresh_from_db()
    assert (operation.state, public_documents(published)) == ("cancelled", 2)
    assert "Brought 1 document(s) and 1 file(s) of apps back." in capsys.readouterr().out


# --- Whatever ends it, and wherever


def finished(operation):
    while operation.is_moving:
        step(operation)
    return counts(operation)


# Each object's own way is cut in every run, by tests of moving it.
SLOWLY_ENDED = parametrize_cuts(in_every_run=[], when_slow=BOTH)


@pytest.mark.run_first
@SLOWLY_ENDED
def test_a_move_that_ends_at_any_step_is_ended_by_the_next_and_counted_once(
    cuts, committed, came, acme
):
    def again():
        with bind_tenant(acme):
            for row in StoredObject.objects.all():
                remove_everywhere(row)
            StoredObject.objects.all().delete()
        for _ in range(2):
            keep(acme, "disk")
        Operation.objects.all().delete()
        JobState.objects.all().delete()
        return to_bucket(acme)

    for run in cuts.iterate_runs(steps=60, states=12):
        operation = committed(again)
        run(lambda: step(operation), None)  # noqa: B023 - done at once
        committed(operation.refresh_from_db)
        assert committed(lambda: finished(operation)) == ("done", 2, 0, 2, 22, 22), run.cut_point  # noqa: B023 - likewise
        assert (len(came()["bucket"]), came()["disk"]) == (2, set())


@pytest.mark.run_first
@SLOWLY_ENDED
def test_a_take_down_that_ends_at_any_step_is_ended_by_the_next_and_counted_once(
    cuts, committed, acme, store
):
    def again():
        acme.refresh_from_db()
        with bind_tenant(acme, even_suspended=True):
            end_removals()
        if not acme.is_served:
            call_command("tenant", "resume", "acme/", stdout=StringIO())
        else:
            store(acme, b"brochure", visibility="public")
            kept(acme, b"logo", "logo.png", "media")
        suspend_tenant(acme)
        Operation.objects.all().delete()
        JobState.objects.all().delete()
        return request_operation("take_down", acme)

    def serve_again():
        Tenant.objects.filter(pk=acme.pk).update(status="active")

    try:
        for run in cuts.iterate_runs(steps=60, states=12):
            operation = committed(again)
            run(lambda: step(operation), None)  # noqa: B023 - done at once
            committed(operation.refresh_from_db)
            ended = committed(lambda: finished(operation))  # noqa: B023 - likewise
            assert ended == ("done", 2, 0, 2, 12, 12), run.cut_point
            assert committed(lambda: public_documents(acme)) == 0
    finally:
        committed(serve_again)
        acme.refresh_from_db()
