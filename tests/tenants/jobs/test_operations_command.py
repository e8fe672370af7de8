"""manage.py operations: what there is, how far it is, and pause, resume and cancel."""

import json
import signal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tenants.commands import operation_actions as command_module
from tenants.commands import operation_progress
from tenants.jobs.operation_models import Operation, OperationEvent
from tenants.jobs.operations import NO_WORKER
from tests.tenants.jobs.test_operations import new_operation, request_move, start_worker

pytestmark = pytest.mark.django_db


class InterruptedOutput(StringIO):
    """Presses Ctrl-C when this text is printed for the last of so many times."""

    def __init__(self, text: str, *, times: int) -> None:
        super().__init__()
        self.text, self.times = text, times

    def write(self, text: str) -> int:
        self.times -= self.text in text
        if not self.times:
            self.times = -1
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


def operations(*arguments: str, errors: bool = False) -> str:
    """Return what `manage.py operations …` prints, with stderr if asked."""
    printed = StringIO()
    call_command("operations", *arguments, stdout=printed, stderr=printed if errors else StringIO())
    return printed.getvalue()


def test_lists_the_newest_first(acme, globex):
    older = new_operation(acme, "done", done_objects=2, total_objects=2)
    newer = new_operation(globex, "paused")
    lines = operations("list").splitlines()
    assert [line.split()[0] for line in lines] == ["ID", newer.reference, older.reference]
    assert "Move into the bucket  acme/    done    2 of 2 objects" in lines[2]


def test_says_how_many_are_not_listed(acme, monkeypatch):
    for _ in range(3):
        new_operation(acme, "done")
    monkeypatch.setattr(command_module, "DEFAULT_LIMIT", 2)
    hint = "Showing the newest 2 of 3. See more with --limit.\n"
    assert hint in operations("list", errors=True)
    assert operations("list", "--limit", "3", errors=True).count("\n") == 4
    assert len(json.loads(operations("list", "--json"))) == 3
    assert len(json.loads(operations("list", "--json", "--limit", "2"))) == 2
    assert hint in operations("list", "--json", "--limit", "2", errors=True)


@pytest.mark.parametrize("limit", ["0", "-1", "many", "9" * 30])
def test_refuses_a_limit_that_is_none(limit, acme):
    with pytest.raises(CommandError, match="--limit"):
        operations("list", f"--limit={limit}")


def test_lists_only_open_ones(acme, globex):
    new_operation(acme, "done")
    assert operations("list", "--open") == "No operation is open.\n"
    open_one = new_operation(globex, "running")
    assert [row["id"] for row in json.loads(operations("list", "--open", "--json"))] == [
        str(open_one.id)
    ]


def test_says_so_when_there_is_none(acme):
    assert operations("list") == "There is no operation yet.\n"


def test_shows_how_far_it_is_and_its_log(acme):
    operation = request_move(acme)
    Operation.objects.update(
        state="running", started_at=operation.created_at, total_objects=4, done_objects=1, failed_objects=1,
        total_bytes=400, done_bytes=100, worked_seconds=10,
    )  # fmt: skip
    OperationEvent.objects.create(
        operation=operation,
        action="object_failed",
        error_code="ObjectMissing",
        object_id=operation.id,
    )
    said = operations("show", operation.reference)
    assert "Move into the bucket, Acme (acme/): running" in said
    assert "25 %  1 of 4 objects, 100 bytes of 400 bytes, 1 failed  10 bytes/s  30 s left" in said
    assert f"an object failed: {operation.id} ObjectMissing" in said
    assert "asked for\n" in said


def test_shows_json(acme):
    facts = json.loads(operations("show", request_move(acme).reference, "--json"))
    assert (facts["state"], facts["tenant"], facts["seconds_left"]) == ("queued", "acme/", None)


def test_following_one_that_has_ended_says_so_at_once(acme):
    operation = new_operation(acme, "done", done_objects=2, total_objects=2)
    assert "100 %  2 of 2 objects  done" in operations("show", operation.reference, "--follow")


def test_following_says_at_once_that_no_worker_runs(acme, monkeypatch):
    operation = new_operation(acme)
    monkeypatch.setattr(operation_progress, "LINE_SECONDS", 0)
    monkeypatch.setattr(operation_progress, "POLL_SECONDS", 0)
    printed = InterruptedOutput("not begun yet", times=3)
    with pytest.raises(
        CommandError, match=r"Stopped watching\. Operation .* stays open"
    ) as stopped:
        call_command("operations", "show", operation.reference, "--follow", stdout=printed)
    assert stopped.value.returncode == 130
    assert printed.getvalue().count(NO_WORKER) == 1


def test_says_that_no_worker_runs(acme):
    operation = request_move(acme)
    assert NO_WORKER in operations("show", operation.reference)
    operations("pause", operation.reference)
    assert NO_WORKER not in operations("show", operation.reference)
    assert NO_WORKER in operations("resume", operation.reference)
    start_worker()
    assert NO_WORKER not in operations("show", operation.reference)


def test_nothing_to_do_is_all_of_it(acme):
    operation = new_operation(acme, "done")
    assert "100 %  nothing to do  done" in operations("show", operation.reference)


@pytest.mark.parametrize("options", [[], ["--follow"]])
def test_says_what_failed(options, acme):
    operation = new_operation(acme, "failed", done_objects=2, total_objects=3, failed_objects=1)
    said = operations("show", operation.reference, *options)
    assert " 66 %  2 of 3 objects, 1 failed  failed in part" in said
    assert "1 of 3 objects failed and stays as it was." in said


def test_one_that_never_began_has_changed_nothing(acme):
    operation = request_move(acme)
    said = operations("cancel", operation.reference)
    assert said == f"Cancelled {operation.reference}. It never began. Nothing was changed.\n"
    with pytest.raises(
        CommandError, match=r"was cancelled\. It never began\. Nothing was changed\."
    ):
        operations("show", operation.reference, "--follow")


def test_cancelled_on_the_way_says_what_is_done(acme):
    operation = new_operation(acme, "running", done_objects=2, total_objects=3)
    said = operations("cancel", operation.reference)
    assert "What is done stays done (2 of 3 objects). 1 object stays as it is." in said


def test_pauses_resumes_and_cancels(acme):
    operation = request_move(acme)
    for action, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        assert operation.reference in operations(action, operation.reference)
        operation.refresh_from_db()
        assert operation.state == state


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
def test_refuses_what_has_ended(action, acme):
    operation = new_operation(acme, "done")
    with pytest.raises(CommandError, match=f"{operation.reference} has ended .done.: it cannot be"):
        operations(action, operation.reference)


@pytest.mark.parametrize("action", ["show", "pause", "resume", "cancel"])
def test_refuses_what_is_not_there(action, acme):
    with pytest.raises(CommandError, match="operations list` shows the operations"):
        operations(action, "00000000")
