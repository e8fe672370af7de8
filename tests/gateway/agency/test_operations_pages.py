"""The agency's pages of operations: they say what the row says, and steer it."""

import re
import uuid

import pytest
from django.utils import timezone

from gateway.agency.operation_views import EVENTS_PER_PAGE, OPERATIONS_PER_PAGE
from tenants.jobs.models import JobState
from tenants.jobs.operation_models import Operation, OperationEvent
from tenants.jobs.operations import NO_WORKER
from tests.tenants.jobs.test_operations import new_operation, start_worker
from tests.wire import statements

pytestmark = pytest.mark.django_db
HALF = {
    "total_objects": 2000, "done_objects": 999, "failed_objects": 1, "total_bytes": 4_000_000, "done_bytes": 1_000_000,
    "worked_seconds": 100,
}  # fmt: skip
STEERING = ["olga", "otto"]


@pytest.fixture
def operation(acme, globex):
    new_operation(globex, "done", done_objects=5, total_objects=5)
    return new_operation(acme, "running", **HALF)


def page_of(client, operation=None, tail=""):
    path = f"/operations/{operation.id}{tail}" if operation else f"/operations{tail}"
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode().replace("\xa0", " "))


def log(operation, **given):
    return OperationEvent.objects.create(operation=operation, **given)


@pytest.mark.parametrize("name", ["olga", "otto", "fiona"])
def test_the_list_says_how_far_each_is(name, browse, operation):
    page = page_of(browse(None, name))
    assert page.index("Acme") < page.index("Globex")
    assert f'<a href="/operations/{operation.id}">Move into the bucket</a>' in page
    assert '<progress max="100" value="49"' in page
    assert "999 of 2,000 objects, 1 MB of 4 MB, 1 failed" in page
    assert "5 of 5 objects" in page


def test_an_empty_list_says_what_would_stand_there(browse, acme):
    assert "No long work yet." in page_of(browse(None, "olga"))


def test_the_other_pages_lead_there(browse, acme):
    assert '<a href="/operations">Operations</a>' in browse(None, "olga").get("/").content.decode()


@pytest.mark.parametrize("name", ["olga", "otto", "fiona"])
def test_the_page_says_what_the_row_says(name, browse, operation):
    page = page_of(browse(None, name), operation)
    for text in (
        "Move into the bucket", '<span class="tag running">running</span>', '<progress max="100" value="49"',
        "999 of 2,000 objects, 1 MB of 4 MB, 1 failed", "<dd>10 kB/s</dd>", "<dd>about 5 min</dd>", "1 min 40 s",
        "acme/", "at the command line", operation.reference,
    ):  # fmt: skip
        assert text in page


def test_who_asked_for_it_is_named(browse, acme):
    operation = new_operation(acme, requested_by_name="Olga <Owner>")
    page = page_of(browse(None, "fiona"), operation)
    assert "by Olga &lt;Owner&gt;" in page
    assert "It has not begun yet." in page


def test_one_that_never_began_has_changed_nothing(browse, acme):
    page = page_of(browse(None, "fiona"), new_operation(acme, "cancelled"))
    assert "<p>It never began. Nothing was changed.</p>" in page


def test_cancelled_on_the_way_says_what_is_done(browse, acme):
    operation = new_operation(acme, "cancelled", started_at=timezone.now(), **HALF)
    assert "1,001 objects stay as they are.</p>" in page_of(browse(None, "fiona"), operation)


def test_nothing_to_do_is_all_of_it(browse, acme):
    page = page_of(browse(None, "fiona"), new_operation(acme, "done"))
    assert "<strong>100 %</strong></p> <p>nothing to do</p>" in page


@pytest.mark.parametrize(
    ("failed", "sentence"),
    [
        (1, "1 of 3 objects failed and stays as it was."),
        (2, "2 of 3 objects failed and stay as they were."),
    ],
)
def test_says_how_many_failed(failed, sentence, browse, acme):
    numbers = {"total_objects": 3, "failed_objects": failed, "done_objects": 3 - failed}
    page = page_of(browse(None, "fiona"), new_operation(acme, "failed", **numbers))
    assert sentence in page
    assert "<strong>100 %" not in page


@pytest.mark.parametrize("path", ["/operations", "page"])
@pytest.mark.parametrize("state", Operation.State.values)
def test_only_what_moves_is_loaded_again_by_itself(path, state, browse, acme):
    operation = new_operation(acme, state)
    client = browse(None, "olga")
    shown = operation if path == "page" else None
    refreshes = '<meta http-equiv="refresh" content="3">' in page_of(client, shown)
    assert refreshes == (state in {"queued", "running"})
    still = page_of(client, shown, "?still")
    assert "http-equiv" not in still
    assert ("Update it again</a>" in still) == refreshes


def test_the_log_names_who_and_what_by_id(browse, operation):
    failed = uuid.uuid4()
    log(operation, action="paused", actor_name="Otto")
    log(operation, action="object_failed", error_code="ObjectMissing", object_id=failed)
    page = page_of(browse(None, "olga"), operation)
    assert "Paused by Otto" in page
    assert "An object failed<br><small>The stored bytes are not there." in page
    assert f"<code>{failed}</code>" in page


def test_finance_reads_numbers_and_steers_nothing(browse, operation):
    log(operation, action="object_failed", error_code="ObjectMissing", object_id=uuid.uuid4())
    client = browse(None, "fiona")
    page = page_of(client, operation)
    assert "ObjectMissing" not in page
    assert "The stored bytes" not in page
    assert "Pause" not in page
    for action in ("pause", "resume", "cancel"):
        assert client.post(f"/operations/{operation.id}/{action}").status_code == 403
    assert client.get(f"/operations/{operation.id}/cancel").status_code == 403
    operation.refresh_from_db()
    assert operation.state == "running"


@pytest.mark.parametrize("name", STEERING)
def test_pause_resume_and_cancel(name, browse, operation, people):
    client = browse(None, name)
    for action, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        answer = client.post(f"/operations/{operation.id}/{action}")
        assert answer.headers["Location"] == f"/operations/{operation.id}"
        operation.refresh_from_db()
        assert operation.state == state
    assert set(operation.events.values_list("actor_name", flat=True)) == {people[name].name}


def test_buttons_are_those_of_the_state(browse, acme):
    client = browse(None, "olga")
    operation = new_operation(acme, "running", **HALF)
    for state, shown in (("running", ["Pause", "Cancel"]), ("paused", ["Resume", "Cancel"])):
        Operation.objects.update(state=state)
        page = page_of(client, operation)
        assert [
            word for word in ("Pause", "Resume", "Cancel") if re.search(f">{word}( …)?<", page)
        ] == shown
    Operation.objects.update(state="cancelled", ended_at=operation.created_at)
    assert "/cancel" not in page_of(client, operation)


def test_cancelling_asks_in_numbers_what_stays(browse, operation):
    page = page_of(browse(None, "olga"), operation, "/cancel")
    assert "999 of 2,000 objects" in page
    assert "What is done stays done. 1,001 objects stay as they are." in page
    operation.refresh_from_db()
    assert operation.state == "running"


def test_what_came_to_its_end_meanwhile_is_shown_as_it_is(browse, operation):
    Operation.objects.update(
        state="done", started_at=operation.created_at, ended_at=operation.created_at
    )
    client = browse(None, "olga")
    assert client.get(f"/operations/{operation.id}/cancel").status_code == 302
    client.post(f"/operations/{operation.id}/cancel")
    page = page_of(client, operation)
    assert f"Nothing was changed. Operation {operation.reference} has ended (done)" in page


def test_says_when_nobody_works_and_when_the_last_step_failed(browse, operation, acme):
    client = browse(None, "fiona")
    assert "manage.py worker" not in page_of(client, operation)
    Operation.objects.filter(pk=operation.pk).update(updated_at="2026-01-01T00:00Z")
    assert NO_WORKER in page_of(client, operation)
    start_worker()
    assert "Nothing has moved since 1 Jan 2026, 00:00:00 UTC." in page_of(client, operation)
    JobState.objects.create(
        key=f"move_storage:{acme.id}", kind="move_storage", tenant=acme, failures=2, error_code="BucketUnavailable",
        started_at=operation.created_at, error_message="The storage does not answer at the moment.",
    )  # fmt: skip
    page = page_of(client, operation)
    assert "is tried again by itself: The storage does not answer at the moment." in page


@pytest.mark.parametrize("tail", ["", "/pause", "/resume", "/cancel"])
def test_one_that_is_not_there_is_not_found(tail, browse, acme):
    path = f"/operations/{uuid.uuid4()}{tail}"
    client = browse(None, "olga")
    assert (client.post(path) if tail else client.get(path)).status_code == 404


def test_a_tenants_host_has_no_such_page(browse, acme, operation):
    assert browse(acme, "ada").get("/operations").status_code == 404
    assert browse(acme, "ada").get(f"/operations/{operation.id}").status_code == 404


def test_pages_cost_as_many_statements_whatever_they_show(browse, acme, operation):
    client = browse(None, "olga")
    log(operation, action="requested")

    def cost():
        with statements() as of_list:
            page_of(client)
        with statements() as of_one:
            page_of(client, operation)
        return len(of_list), len(of_one)

    before = cost()
    for _ in range(OPERATIONS_PER_PAGE):
        new_operation(acme, "done")
    for _ in range(EVENTS_PER_PAGE):
        log(operation, action="object_failed", error_code="ObjectMissing", object_id=uuid.uuid4())
    log(operation, action="started")
    assert cost() == before
    assert max(before) <= 10
    assert "Page 1 of 2" in page_of(client, operation)
    assert "Page 2 of 2" in page_of(client, None, "?page=2")
