"""Ctrl-C ends the start of the demo wherever it comes, and leaves no alarm that would kill it while it tidies up."""

import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from types import FrameType
from typing import Any

import pytest

from gateway.demo.__main__ import raise_interrupt, repeat_interrupts, reset_interrupts

CODES = {repeat_interrupts.__wrapped__.__code__, reset_interrupts.__code__}  # type: ignore[attr-defined]  # contextmanager's
ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ALL}
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, raise_interrupt)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in before.items():
        signal.signal(number, handler)


def interrupt_at(line: int) -> bool:
    """Send SIGINT before so many lines of `heard` have run; return whether there were so many."""
    lines = count(1)
    was_sent = False

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal was_sent
        if frame.f_code in CODES and event == "line" and next(lines) == line:
            was_sent = True
            signal.raise_signal(signal.SIGINT)
        return trace

    traced = sys.gettrace()
    sys.settrace(trace)
    try:
        with suppress(KeyboardInterrupt), repeat_interrupts():
            pass
    finally:
        sys.settrace(traced)
    return was_sent


def test_no_alarm_is_left_wherever_it_is_interrupted() -> None:
    interrupted = 0
    for line in count(1):
        if not interrupt_at(line):
            break
        interrupted += 1
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0), f"line {line}"
    assert interrupted > 15


def test_it_is_raised_at_the_end_when_it_was_dropped() -> None:
    with pytest.raises(KeyboardInterrupt), repeat_interrupts(), suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
