"""Work on an operation in the process of a command, and show its progress on the terminal."""

import shutil
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from time import monotonic, sleep
from types import FrameType

from django.core.management.base import CommandError, OutputWrapper

from tenants.commands.base import PlainCommand
from tenants.commands.text_tables import measure_width
from tenants.errors import GatewayError
from tenants.jobs.kinds import find_kind
from tenants.jobs.operation_models import Operation
from tenants.jobs.operations import NO_WORKER, list_problems, needs_worker
from tenants.jobs.progress import Progress
from tenants.jobs.step_runner import is_stopping, run_step

# Shorter than the step of a worker, so that the bar moves.
WORK_SECONDS = 0.5
# How often a file or a pipe gets a line.
LINE_SECONDS = 5.0
# How long it waits while a worker has the operation.
POLL_SECONDS = 0.5
# How soon it sees Ctrl-C while it waits.
SLEEP_SECONDS = 0.05
# How long it waits when the storage does not answer, and how often, before it leaves the operation to a worker.
OUTAGE_SECONDS = 5.0
MAX_OUTAGES = 3
# How long the bar may be: the longest that fits, in few lengths, so that it does not jump when the numbers grow.
BAR_CELLS = (24, 16, 8)
# The characters around the bar: brackets, spaces and the percentage.
BAR_FRAME = 10
# The exit code that shells give a process that Ctrl-C ended.
INTERRUPTED = 130
STOPPING = (
    "Stopping after the object that is under way. Press Ctrl-C again to stop now; nothing is lost."
)


class ProgressLine:
    """The progress of an operation: on a terminal one line that is rewritten, elsewhere a line every few seconds."""

    def __init__(self, stdout: OutputWrapper) -> None:
        self.stdout = stdout
        self.is_terminal = stdout.isatty()
        self._line = ""
        self._written_at = monotonic()
        self._reported: set[str] = set()

    def show(self, operation: Operation) -> None:
        """Show the progress; in a file or a pipe only when the last line is old enough."""
        if self.is_terminal:
            self._rewrite(operation)
        elif monotonic() - self._written_at >= LINE_SECONDS:
            self._append(describe_progress(operation))

    def report(self, problems: Iterable[str]) -> None:
        """Write each problem once, on a line of its own above the bar."""
        for problem in problems:
            if problem not in self._reported:
                self._reported.add(problem)
                start = "\r" if self.is_terminal else "  "
                self.stdout.write(f"{start}{problem:<{measure_width(self._line)}}")

    def end(self, operation: Operation) -> None:
        """Show the last progress, and end the line."""
        if self.is_terminal:
            self._rewrite(operation)
            self.stdout.write("")
            return
        line = describe_progress(operation)
        if operation.started_at and line != self._line:
            self._append(line)

    def _append(self, line: str) -> None:
        self.stdout.write(f"  {line}")
        self._line, self._written_at = line, monotonic()

    def _rewrite(self, operation: Operation) -> None:
        width = shutil.get_terminal_size().columns - 1
        line = describe_progress(operation, width=width)[:width]
        # Spaces overwrite the end of a longer line.
        self.stdout.write(f"\r{line:<{measure_width(self._line)}}", ending="")
        self.stdout.flush()
        self._line = line


def describe_progress(operation: Operation, *, width: int | None = None) -> str:
    """Return the bar and the numbers of an operation. With a width the bar takes what the numbers leave.

    >>> from datetime import UTC, datetime
    >>> numbers = {"total_objects": 4, "done_objects": 1, "total_bytes": 20, "done_bytes": 5}
    >>> describe_progress(Operation(state="paused", started_at=datetime.now(UTC), **numbers))
    '[######                  ]  25 %  1 of 4 objects, 5 bytes of 20 bytes  paused'
    """
    progress = Progress.from_operation(operation)
    state = "" if operation.is_moving else operation.get_state_display()
    left = f"{progress.time_left} left" if progress.time_left else ""
    numbers = [progress.counts, progress.speed, left, state]
    words = "  ".join(filter(None, numbers))
    room = BAR_CELLS[0] if width is None else width - len(words) - BAR_FRAME
    cells = next((cells for cells in BAR_CELLS if cells <= room), BAR_CELLS[-1])
    filled = progress.percent * cells // 100
    return f"[{'#' * filled:<{cells}}] {progress.percent:>3} %  {words}"


def follow_operation(
    command: PlainCommand, operation: Operation, *, works: bool = True
) -> Operation:
    """Show the progress until the operation has ended. With `works` do its steps here, while no worker does them.

    Raises CommandError when somebody pauses or cancels it, or when Ctrl-C stops this process: it stays open then.
    """
    line = ProgressLine(command.stdout)
    with _handle_ctrl_c(command, operation, works=works):
        _follow(operation, line, works=works)
        line.end(operation)
        _raise_unless_ended(operation, works=works)
    return operation


def _follow(operation: Operation, line: ProgressLine, *, works: bool) -> None:
    outages = 0
    while operation.is_moving and not is_stopping.is_set():
        line.show(operation)
        before = operation.updated_at
        if works:
            outages = 0 if _work(operation, outages) else outages + 1
        else:
            line.report(list_problems(operation))
        operation.refresh_from_db()
        if operation.updated_at == before:
            _wait(POLL_SECONDS)


def _work(operation: Operation, outages: int) -> bool:
    """Do a step. When the storage did not answer wait and return False, or raise when that was the last try."""
    try:
        run_step(find_kind(operation.kind), operation.tenant_id, seconds=WORK_SECONDS)
    except GatewayError as error:
        if error.status != HTTPStatus.SERVICE_UNAVAILABLE or outages + 1 >= MAX_OUTAGES:
            raise
        _wait(OUTAGE_SECONDS)
        return False
    return True


def _wait(seconds: float) -> None:
    """Wait, but not beyond Ctrl-C. `Event.wait` could deadlock: the signal handler sets the event in this thread."""
    ends_at = monotonic() + seconds
    while not is_stopping.is_set() and monotonic() < ends_at:
        sleep(min(SLEEP_SECONDS, seconds))


def _raise_unless_ended(operation: Operation, *, works: bool) -> None:
    if operation.is_moving:
        raise _build_interrupt_error(operation, works=works)
    if operation.state == Operation.State.PAUSED:
        raise _build_pause_error(operation)
    if operation.state == Operation.State.CANCELLED:
        raise CommandError(
            f"Operation {operation.reference} was cancelled. {Progress.from_operation(operation).cancellation}"
        )


def _build_pause_error(operation: Operation) -> CommandError:
    reference = operation.reference
    return CommandError(
        f"Operation {reference} is paused: `manage.py operations resume {reference}` lets it go on."
    )


def _build_interrupt_error(operation: Operation, *, works: bool) -> CommandError:
    reference = operation.reference
    state = f"Stopped watching. Operation {reference} stays open."
    if works:
        state = f"Stopped here. Operation {reference} stays open: a worker goes on with it, or the same command."
    return CommandError(
        f"{state} `manage.py operations cancel {reference}` ends it.", returncode=INTERRUPTED
    )


@contextmanager
def _handle_ctrl_c(command: PlainCommand, operation: Operation, *, works: bool) -> Iterator[None]:
    """Let Ctrl-C stop the work after the object that is under way, and a second Ctrl-C stop it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        is_stopping.set()
        signal.signal(signal.SIGINT, previous)
        # On a terminal the bar is on this line.
        start = "\n" if command.stdout.isatty() else ""
        if works:
            command.stderr.write(f"{start}{STOPPING}", style_func=str)

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise _build_interrupt_error(operation, works=works) from interrupt
    finally:
        signal.signal(signal.SIGINT, previous)
        is_stopping.clear()


def write_background_notice(command: PlainCommand, operation: Operation) -> None:
    """Say that a worker does it, and how to watch it. Raises CommandError when it is paused."""
    if operation.state == Operation.State.PAUSED:
        raise _build_pause_error(operation)
    command.stdout.write(
        f"  Operation {operation.reference} is {operation.get_state_display()}; a worker does it. "
        f"Watch it: manage.py operations show {operation.reference} --follow"
    )
    if needs_worker(operation):
        command.stdout.write(f"  {NO_WORKER}")
