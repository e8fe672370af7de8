"""move-storage and suspend --take-down as operations: the bar, --background, Ctrl-C, and somebody who pauses them."""

import signal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from media_core.bucket.requirements import OwnershipCache, require_to_remove
from media_core.ledger.models import StoredObject
from tenants.binding import bind_tenant
from tenants.commands import operation_progress
from tenants.jobs.operation_models import Operation
from tenants.jobs.operations import NO_WORKER, cancel, pause, request_operation
from tests.media_core.upkeep.conftest import keep
from tests.media_core.upkeep.conftest import rooms as rooms  # noqa: PLC0414 - a fixture
from tests.media_core.upkeep.test_operations import while_an_object_is_written
from tests.operations import step
from tests.proof import reported

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rooms")]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def move(*arguments, out=None):
    """Return what moving acme's objects into the bucket says."""
    said = out or StringIO()
    call_command(
        "tenant", "move-storage", "acme/", "--to", "bucket", *arguments, stdout=said, stderr=said
    )
    return said.getvalue().replace("\xa0", " ")


def places(tenant):
    with bind_tenant(tenant, even_suspended=True):
        return sorted(StoredObject.objects.stored().values_list("place", flat=True))


def test_a_file_gets_lines_with_the_numbers(acme, monkeypatch):
    keep(acme, "disk"), keep(acme, "disk")
    monkeypatch.setattr(operation_progress, "LINE_SECONDS", 0)
    monkeypatch.setattr(operation_progress, "WORK_SECONDS", 0.0)
    lines = move().splitlines()
    assert "\r" not in "".join(lines)
    assert lines[1].endswith("]   0 %  not begun yet")
    assert lines[2].startswith(
        "  [############            ]  50 %  1 of 2 objects, 11 bytes of 22 bytes"
    )
    assert lines[3].startswith("  [########################] 100 %  2 of 2 objects")
    assert lines[-2] == "Acme (acme/): 2 object(s), 22 bytes moved"


def test_a_terminal_gets_one_line_that_is_written_over(acme, monkeypatch):
    keep(acme, "disk"), keep(acme, "disk")
    monkeypatch.setattr(operation_progress, "WORK_SECONDS", 0.0)
    said = move(out=Terminal())
    bars = [line for line in said.splitlines() if "of 2 objects" in line]
    assert len(bars) >= 2
    assert said.count("\r[") >= 3
    assert said.index("not begun yet") < said.index("1 of 2 objects")
    assert "100 %" in bars[-1]


def test_in_the_background_a_worker_does_it(acme):
    keep(acme, "disk")
    said = move("--background")
    operation = Operation.objects.get()
    assert places(acme) == ["disk"]
    assert f"manage.py operations show {operation.reference} --follow" in said
    assert NO_WORKER in said
    assert "1 object(s), 11 bytes left to move" in said
    assert step(operation).state == "done"


def test_a_take_down_in_the_background(acme, store):
    store(acme, b"brochure", visibility="public")
    said = StringIO()
    call_command("tenant", "suspend", "acme/", "--take-down", "--background", stdout=said)
    operation = Operation.objects.get()
    assert "1 public object(s), 8 bytes, are to be moved." in said.getvalue()
    assert f"operations show {operation.reference}" in said.getvalue()
    assert step(operation).done_objects == 1


def test_the_background_needs_something_to_take_down(acme):
    with pytest.raises(CommandError, match="give --take-down too"):
        call_command("tenant", "suspend", "acme/", "--background")
    acme.refresh_from_db()
    assert acme.is_served


@pytest.fixture
def ctrl_c_interrupts():
    """Let SIGINT interrupt, as at a terminal. A process that a script starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_interrupts")
def test_a_second_ctrl_c_ends_it_at_once_and_loses_nothing(acme):
    keep(acme, "disk"), keep(acme, "disk")

    def press_twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with (
        while_an_object_is_written(press_twice),
        pytest.raises(CommandError, match="stays open: a worker goes on with it") as stopped,
    ):
        move()
    assert stopped.value.returncode == 130
    assert Operation.objects.get().done_objects == 0
    assert "Everything is in the bucket" in move()
    assert Operation.objects.get().done_objects == 2


def test_ctrl_c_ends_it_after_the_object_under_way_and_leaves_it_open(acme):
    before = signal.getsignal(signal.SIGINT)
    said = Terminal()

    def press():
        signal.raise_signal(signal.SIGINT)
        assert said.getvalue().endswith(f"\n{operation_progress.STOPPING}\n")

    for _ in range(3):
        keep(acme, "disk")
    with (
        while_an_object_is_written(press),
        pytest.raises(CommandError, match="stays open: a worker goes on with it") as stopped,
    ):
        move(out=said)
    assert stopped.value.returncode == 130
    assert signal.getsignal(signal.SIGINT) is before
    operation = Operation.objects.get()
    assert (operation.state, operation.done_objects) == ("running", 1)
    assert "Everything is in the bucket" in move()
    assert Operation.objects.get().done_objects == 3


@pytest.mark.parametrize(
    ("stop", "said"),
    [(pause, "is paused: `manage.py operations resume"), (cancel, "was cancelled")],
)
def test_says_so_when_somebody_stops_it(stop, said, acme):
    keep(acme, "disk"), keep(acme, "disk")
    with (
        while_an_object_is_written(lambda: stop(Operation.objects.get())),
        pytest.raises(CommandError, match=said),
    ):
        move()
    assert places(acme) == ["bucket", "disk"]


def test_goes_on_with_what_was_begun(acme, monkeypatch):
    keep(acme, "disk"), keep(acme, "disk")
    operation = request_operation("move_storage", acme, parameters={"to": "bucket"})
    monkeypatch.setattr("tenants.jobs.step_runner.STEP_SECONDS", 0.0)
    step(operation)
    assert f"operation {operation.reference}" in move()
    operation.refresh_from_db()
    assert (operation.state, Operation.objects.count()) == ("done", 1)


def test_a_short_outage_is_waited_for_and_a_long_one_leaves_it_open(acme, settings, monkeypatch):
    for _ in range(5):
        keep(acme, "disk")
    monkeypatch.setattr(operation_progress, "OUTAGE_SECONDS", 0)
    monkeypatch.setattr(operation_progress, "WORK_SECONDS", 0.0)
    monkeypatch.setattr(OwnershipCache, "SECONDS", 60.0)
    require_to_remove()
    endpoint, settings.BUCKET_ENDPOINT_URL = settings.BUCKET_ENDPOINT_URL, "http://127.0.0.1:9"
    reported()
    with pytest.raises(CommandError, match="The storage does not answer"):
        move()
    operation = Operation.objects.get()
    assert (operation.state, operation.failed_objects) == ("running", 3)
    settings.BUCKET_ENDPOINT_URL = endpoint
    with pytest.raises(CommandError, match=r"3 object\(s\) did not move"):
        move()
    assert places(acme) == ["bucket"] * 2 + ["disk"] * 3
