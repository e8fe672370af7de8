"""End a flow at its steps, one after the other, and see what is left.

Every statement and every bucket request is a step before, and one after it. On disk every folder or file that is made,
opened, linked or removed is a step before it.

`make test-slow` ends a flow at every step, `make test` where an end leaves another state: other rows, objects or files.
The state changes

- after a statement that is no reading. In a transaction PostgreSQL rolls it back, so all steps from the first change to
  the COMMIT leave the same, and what the transaction did is there at the first step after it;
- after a bucket request that is no reading: "before-send" comes before the change, "after-call" when it is done and its
  answer is lost;
- after a step on disk that makes, links or removes something.

So the steps from one change to the next leave one state, whatever was read in between, and two cuts prove it:
- at the first, where a killed process leaves the same as at the others;
- at the last, right before the next change. What is interrupted may clean up, and does so differently once it holds a
  row or an object; what comes in between finds a flow that knows what it read before.
"""

import gc
import os
import re
import signal
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import count, groupby
from typing import Any, NoReturn, TypeAlias

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from psycopg.pq import TransactionStatus

from media_core.bucket.client import get_anonymous_client, get_bucket_client
from media_core.documents.permissions import require_editor
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tenants.people.identity import Member
from tests.conftest import CUT_POINTS
from tests.media_core.conftest import in_a_thread
from tests.proof import forget_caches

Flow = Callable[[], object]
# A kind of step and which one of its kind, so that a step more or less elsewhere in the flow does not move it; or
# which one of all steps.
CutPoint: TypeAlias = tuple[str, int] | int

# What CPython tells its audit hooks of; a hook stays for the life of the process, so it asks whether it is meant.
DISK_STEPS = frozenset({"os.link", "os.mkdir", "os.remove", "os.rmdir"})
# Whatever is not known to be a reading counts as a change.
READING_STATEMENTS = frozenset({"SELECT", "SET", "SHOW", "SAVEPOINT", "RELEASE"})
READING_REQUESTS = ("Get", "Head", "List")
TABLE = re.compile(r'\b(?:INTO|UPDATE|FROM)\s+"?(\w+)')
_of_this_thread = threading.local()


def _record_disk_step(event: str, arguments: tuple[Any, ...]) -> None:
    recorder = getattr(_of_this_thread, "recorder", None)
    if recorder is None:
        return
    if event in DISK_STEPS:
        recorder.record(event, will_change=True)
    elif event == "open" and arguments[1] is None:
        makes_file = bool(arguments[2] & (os.O_CREAT | os.O_TRUNC))
        recorder.record("open to write" if makes_file else "open", will_change=makes_file)


sys.addaudithook(_record_disk_step)


def is_in_transaction(connection: Any) -> bool:
    """Return whether PostgreSQL has begun one. Django says so before it sends the BEGIN."""
    psycopg = connection.connection
    return bool(psycopg) and psycopg.pgconn.transaction_status != TransactionStatus.IDLE


@dataclass
class StepRecorder:
    """The steps that one run of a flow takes. Calls `end` at the cut point, if the run has one and comes to it."""

    cut_point: CutPoint | None = None
    end: Callable[[], object] = lambda: None
    steps: list[tuple[str, int]] = field(default_factory=list)
    # For each step, what an end there leaves: after how many changes, and how many transactions are rolled back.
    states: list[tuple[int, int]] = field(default_factory=list)
    reached_cut_point: bool = False

    _seen: Counter[str] = field(default_factory=Counter)
    _changes: int = 0
    _will_change: bool = False
    # Connections with changes that wait for a COMMIT: the gateway opens a second one beside an app's transaction.
    _uncommitted: set[Any] = field(default_factory=set)

    @contextmanager
    def listen(self) -> Iterator[None]:
        """Record the steps that this thread takes inside the block."""
        watched = [
            (client.meta.events, event)
            for client in (get_bucket_client(), get_anonymous_client())
            for event in ("before-send.s3", "after-call.s3")
        ]
        for events, event in watched:
            events.register(event, self._record_request)
        _of_this_thread.recorder = self
        try:
            with connection.execute_wrapper(self._record_statement):
                yield
        finally:
            _of_this_thread.recorder = None
            for events, event in watched:
                events.unregister(event, self._record_request)

    def record(self, kind: str, *, has_changed: bool = False, will_change: bool = False) -> None:
        """Record one step, and what was changed since the one before."""
        ended = {each for each in self._uncommitted if not is_in_transaction(each)}
        self._uncommitted -= ended
        self._changes += len(ended) + has_changed + self._will_change
        self._will_change = will_change
        self._seen[kind] += 1
        self.steps.append((kind, self._seen[kind]))
        self.states.append((self._changes, len(self._uncommitted)))
        if self.cut_point in {self.steps[-1], len(self.steps)}:
            self.reached_cut_point = True
            self.end()

    def _record_statement(self, execute: Any, sql: Any, *arguments: Any) -> Any:
        used = arguments[-1]["connection"]
        verb = str(sql).split(None, 1)[0].upper()
        table = TABLE.search(str(sql))
        kind = f"{verb} {table[1]}" if table else verb
        self.record(f"before {kind}")
        answer = execute(sql, *arguments)
        has_changed = verb not in READING_STATEMENTS
        if has_changed and is_in_transaction(used):
            self._uncommitted.add(used)
            has_changed = False
        self.record(f"after {kind}", has_changed=has_changed)
        return answer

    def _record_request(self, event_name: str, **_given: Any) -> None:
        moment, _, operation = event_name.split(".")
        is_reading = operation.startswith(READING_REQUESTS)
        has_changed = moment == "after-call" and not is_reading
        self.record(f"{moment} {operation}", has_changed=has_changed)

    def choose_cut_points(self, *, is_killed: bool) -> Iterator[CutPoint]:
        """Yield the first step of each state, and the last unless the flow is killed."""
        together = zip(self.states, self.steps, strict=True)
        for _, group in groupby(together, key=lambda pair: pair[0]):
            alike = [step for _, step in group]
            yield alike[0]
            if not is_killed and len(alike) > 1:
                yield alike[-1]


def interrupt() -> NoReturn:
    """End like a worker that is told to stop: with an exception that nobody may swallow."""
    raise KeyboardInterrupt


def kill() -> None:
    """End like a worker that runs out of memory: nothing of ours runs any more."""
    os.kill(os.getpid(), signal.SIGKILL)


def run_in_a_thread(flow: Flow, tenant: Tenant | None, recorder: StepRecorder) -> bool:
    """Return whether the flow came to its end, or was interrupted."""

    def run() -> bool:
        bound = bind_tenant(tenant, even_suspended=True) if tenant else nullcontext()
        try:
            with bound, recorder.listen():
                flow()
        except KeyboardInterrupt:
            return False
        return True

    return in_a_thread(run)


def run_in_a_fork(flow: Flow, tenant: Tenant | None, recorder: StepRecorder) -> bool:
    """Return whether the flow came to its end, or its process was killed."""
    child = os.fork()
    if child == 0:
        code = 1
        # It would write to all the memory that is shared with the parent.
        gc.disable()
        try:
            # A thread has a connection of its own: the parent's is left alone.
            run_in_a_thread(flow, tenant, recorder)
            code = 0
        except BaseException:  # noqa: BLE001 - what goes on after this is the parent's
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, -signal.SIGKILL}, "The flow failed: see stderr."
    recorder.reached_cut_point = code != 0
    return code == 0


@dataclass
class Run:
    """One run of a flow: to its end, or to its cut point."""

    is_killed: bool
    cut_point: CutPoint | None = None
    recorder: StepRecorder | None = None

    def __call__(
        self, flow: Flow, tenant: Tenant | None, instead: Callable[[], object] | None = None
    ) -> bool:
        """Return whether the flow came to its end. `instead` replaces the end; the flow goes on."""
        assert self.recorder is None, "A run is for once."
        end = instead or (kill if self.is_killed else interrupt)
        self.recorder = StepRecorder(self.cut_point, end)
        # Each run reads the same, whatever the one before has read.
        forget_caches()
        run = run_in_a_fork if self.is_killed and self.cut_point else run_in_a_thread
        finished = run(flow, tenant, self.recorder)
        assert instead or finished != self.recorder.reached_cut_point, "The flow swallowed its end."
        return finished

    @property
    def recorded(self) -> StepRecorder:
        """What the run recorded. A kill takes it away, except for whether it came."""
        assert self.recorder, "The flow was not run."
        return self.recorder


@dataclass(frozen=True)
class CutPlan:
    """How a flow is ended, and whether at every step. Notes in the test's report how often it was."""

    is_killed: bool
    at_every_step: bool
    record_property: Callable[[str, object], None] | None = None

    def iterate_runs(self, *, steps: int, states: int) -> Iterator[Run]:
        """Yield the runs of one flow, first one to its end. The caller calls each before it asks for the next.

        Raises AssertionError when the flow has fewer steps or leaves fewer states, or does not come to a cut point.
        """
        whole = Run(self.is_killed)
        yield whole
        assert len(whole.recorded.steps) >= steps
        found = len(set(whole.recorded.states))
        assert found >= states, f"The flow leaves {found} states."
        done = 0
        for cut_point in self._cut_points(whole.recorded):
            run = Run(self.is_killed, cut_point)
            yield run
            if self.at_every_step and not run.recorded.reached_cut_point:
                break
            assert run.recorded.reached_cut_point, f"The flow did not come to {cut_point} again."
            done += 1
        assert done >= (steps if self.at_every_step else states)
        assert self.record_property
        self.record_property(CUT_POINTS, done)

    def _cut_points(self, recorded: StepRecorder) -> Iterable[CutPoint]:
        # Until the flow ends before it comes to one: it may have more steps this time.
        return (
            count(1) if self.at_every_step else recorded.choose_cut_points(is_killed=self.is_killed)
        )


def parametrize_cuts(*, in_every_run: list[str], when_slow: list[str]) -> pytest.MarkDecorator:
    """Return the mark of a test that has `cuts`: with these ends in `make test`, and with those in `make test-slow`."""
    return pytest.mark.parametrize(
        "cuts",
        [
            *(
                pytest.param(CutPlan(end == "killed", at_every_step=False), id=end)
                for end in in_every_run
            ),
            *(
                pytest.param(
                    CutPlan(end == "killed", at_every_step=True),
                    id=f"{end} at every step",
                    marks=[pytest.mark.slow(seconds=14), pytest.mark.run_first],
                )
                for end in when_slow
            ),
        ],
        indirect=True,
    )


BOTH = ["interrupted", "killed"]
INTERRUPTED = parametrize_cuts(in_every_run=BOTH[:1], when_slow=BOTH[:1])
INTERRUPTED_AND_KILLED = parametrize_cuts(in_every_run=BOTH, when_slow=BOTH)
# A kill needs a process of its own and costs ten times as much as an interrupt. For a flow that leaves states in which
# others are killed in every run.
INTERRUPTED_OR_SLOWLY_KILLED = parametrize_cuts(in_every_run=BOTH[:1], when_slow=BOTH)


def upload_by(member: Member) -> Flow:
    """Return the flow of an upload."""
    return lambda: store_upload(
        uploader=require_editor(member), file=ContentFile(b"content", name="offer.pdf")
    )
