"""Working on an operation in the process of a command, and showing on the terminal how far it is."""

import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from time import monotonic
from types import FrameType

from django.core.management.base import CommandError, OutputWrapper

from tenants.commands.base import PlainCommand
from tenants.commands.tables import shown_width
from tenants.errors import GatewayError
from tenants.jobs.kinds import find_kind
from tenants.jobs.operation_models import Operation
from tenants.jobs.progress import Progress
from tenants.jobs.running import is_stopping, run_step

# Steps are shorter than a worker's, so that the bar moves.
WORK_SECONDS = 0.5
# How often a file or a pipe gets a line.
LINE_SECONDS = 5.0
# How long it waits while a worker has the operation.
POLL_SECONDS = 0.5
# How long it waits when the storage does not answer, and how often, before it leaves the operation to a worker.
OUTAGE_SECONDS = 5.0
MOST_OUTAGES = 3
# How long the bar may be: the longest that fits, in few lengths, so that it does not jump when the numbers grow.
BAR_CELLS = (24, 16, 8)
# What stands around the bar: brackets, spaces and the percentage.
BAR_FRAME = 10
# What a shell says of a process that Ctrl-C ended.
INTERRUPTED = 130


class ProgressLine:
    """How far an operation is: on a terminal one line that is written over, elsewhere a line every few seconds."""

    def __init__(self, stdout: OutputWrapper) -> None:
        self.stdout = stdout
        self.is_terminal = stdout.isatty()
        self._shown = ""
        self._told_at = monotonic()

    def show(self, operation: Operation) -> None:
        """Show how far it is now, unless a line was written to the file just now."""
        if self.is_terminal:
            self._write_over(operation)
        elif monotonic() - self._told_at >= LINE_SECONDS:
            self._tell(describe_progress(operation))

    def end(self, operation: Operation) -> None:
        """Show how far it came, and let the next line begin."""
        if self.is_terminal:
            self._write_over(operation)
            self.stdout.write("")
            return
        line = describe_progress(operation)
        if operation.total_objects and line != self._shown:
            self._tell(line)

    def _tell(self, line: str) -> None:
        self.stdout.write(f"  {line}")
        self._shown, self._told_at = line, monotonic()

    def _write_over(self, operation: Operation) -> None:
        width = shutil.get_terminal_size().columns - 1
        line = describe_progress(operation, width=width)[:width]
        # What the line before it had more is wiped out.
        self.stdout.write(f"\r{line:<{shown_width(self._shown)}}", ending="")
        self.stdout.flush()
        self._shown = line


def describe_progress(operation: Operation, *, width: int | None = None) -> str:
    """Return the bar and the numbers of an operation; with a width the bar is as long as the numbers let it be.

    >>> describe_progress(Operation(state="paused", total_objects=4, done_objects=1, total_bytes=20, done_bytes=5))
    '[######                  ]  25 %  1 of 4 objects, 5 bytes of 20 bytes  paused'
    """
    progress = Progress.of(operation)
    state = "" if operation.is_moving else operation.get_state_display()
    left = f"{progress.time_left} left" if progress.time_left else ""
    numbers = [progress.counts, progress.speed, left, state]
    words = "  ".join(filter(None, numbers))
    room = BAR_CELLS[0] if width is None else width - len(words) - BAR_FRAME
    cells = next((cells for cells in BAR_CELLS if cells <= room), BAR_CELLS[-1])
    filled = progress.percent * cells // 100
    return f"[{'#' * filled:<{cells}}] {progress.percent:>3} %  {words}"


def follow(command: PlainCommand, operation: Operation, *, works: bool = True) -> Operation:
    """Return the operation when it has ended. Until then steps are done here, unless a worker is at it.

    Raises CommandError when somebody pauses or cancels it, or when Ctrl-C stops this process: it stays open then.
    """
    line, outages = ProgressLine(command.stdout), 0
    with _stopped_by_ctrl_c():
        while operation.is_moving and not is_stopping.is_set():
            before = operation.updated_at
            if works:
                outages = 0 if _work(operation, outages) else outages + 1
            operation.refresh_from_db()
            line.show(operation)
            if operation.updated_at == before:
                is_stopping.wait(POLL_SECONDS)
        line.end(operation)
        _refuse_to_go_on(operation)
    return operation


def _work(operation: Operation, outages: int) -> bool:
    """Do a step; return False after a pause when the storage did not answer. So many times in a row it raises that."""
    try:
        run_step(find_kind(operation.kind), operation.tenant_id, seconds=WORK_SECONDS)
    except GatewayError as error:
        if error.status != HTTPStatus.SERVICE_UNAVAILABLE or outages + 1 >= MOST_OUTAGES:
            raise
        is_stopping.wait(OUTAGE_SECONDS)
        return False
    return True


def _refuse_to_go_on(operation: Operation) -> None:
    if operation.is_moving:
        raise CommandError(
            f"Stopped here. Operation {operation.reference} stays open: a worker goes on with it, or the same command. "
            f"`manage.py operations cancel {operation.reference}` ends it.",
            returncode=INTERRUPTED,
        )
    if operation.state == Operation.State.PAUSED:
        raise CommandError(
            f"Operation {operation.reference} is paused: "
            f"`manage.py operations resume {operation.reference}` lets it go on."
        )
    if operation.state == Operation.State.CANCELLED:
        raise CommandError(
            f"Operation {operation.reference} was cancelled. What is done stays done."
        )


@contextmanager
def _stopped_by_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C end a step after the object that is under way. A second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        is_stopping.set()
        signal.signal(signal.SIGINT, previous)

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        is_stopping.clear()


def tell_in_background(command: PlainCommand, operation: Operation) -> None:
    """Say that a worker does it, and how to watch it. Raises CommandError when it is paused."""
    if operation.state == Operation.State.PAUSED:
        reference = operation.reference
        raise CommandError(
            f"{reference} is paused: `manage.py operations resume {reference}` lets it go on."
        )
    command.stdout.write(
        f"  Operation {operation.reference} is {operation.get_state_display()}; a worker does it. "
        f"Watch it: manage.py operations show {operation.reference} --follow"
    )
