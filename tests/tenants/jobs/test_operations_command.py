"""manage.py operations: what there is, how far it is, and pause, resume and cancel."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tenants.jobs.operation_models import Operation, OperationEvent
from tests.tenants.jobs.test_operations import moved, new_operation

pytestmark = pytest.mark.django_db


def operations(*arguments: str) -> str:
    """Return what `manage.py operations …` says."""
    said = StringIO()
    call_command("operations", *arguments, stdout=said, stderr=StringIO())
    return said.getvalue()


def test_lists_the_newest_first(acme, globex):
    older = new_operation(acme, "done", done_objects=2, total_objects=2)
    newer = new_operation(globex, "paused")
    lines = operations("list").splitlines()
    assert [line.split()[0] for line in lines] == ["REF", newer.reference, older.reference]
    assert "Move into the bucket  acme/    done    2 of 2 objects" in lines[2]


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
    operation = moved(acme)
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
    assert "50 %  1 of 4 objects, 100 bytes of 400 bytes, 1 failed  10 bytes/s  30 s left" in said
    assert f"an object failed: {operation.id} ObjectMissing" in said
    assert "asked for\n" in said


def test_shows_json(acme):
    facts = json.loads(operations("show", moved(acme).reference, "--json"))
    assert (facts["state"], facts["tenant"], facts["seconds_left"]) == ("queued", "acme/", None)


def test_following_one_that_has_ended_says_so_at_once(acme):
    operation = new_operation(acme, "done", done_objects=2, total_objects=2)
    assert "100 %  2 of 2 objects  done" in operations("show", operation.reference, "--follow")


def test_pauses_resumes_and_cancels(acme):
    operation = moved(acme)
    for action, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        assert operation.reference in operations(action, operation.reference)
        operation.refresh_from_db()
        assert operation.state == state


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
def test_refuses_what_has_ended(action, acme):
    operation = new_operation(acme, "done")
    with pytest.raises(CommandError, match=f"{operation.reference} is done, so it cannot be"):
        operations(action, operation.reference)


@pytest.mark.parametrize("action", ["show", "pause", "resume", "cancel"])
def test_refuses_what_is_not_there(action, acme):
    with pytest.raises(CommandError, match="operations list` shows all of them"):
        operations(action, "00000000")
