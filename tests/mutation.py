"""Run the isolation walk on code in which one permission check is taken away: a pytest plugin.

Nothing is written to a disk and no process is started. A mutated module is compiled, and the code objects of its
functions take the place of those that the running functions have.

While a test of the walk runs, it is recorded which of its requests reach which function with a check. A mutant is then
asked only the requests that reach it. All processes of a run share these records through a folder.
"""

import ast
import gc
import hashlib
import json
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.code_exchange import exchange_code, find_running_functions
from tests.mutants import CRASHING, ROOT, Mutant, find_mutants, list_functions, parse_module
from tests.run_folder import RUN_FOLDER

# Marks a test that takes a mutant and passes when the walk fails on it. This plugin runs it, not pytest.
MARK = "mutation"
RECORDS = "reach"
WALK_GLOB = "test_isolation*.py"
NOTE_REACH = "_note_reach"
EVERY_REQUEST = "*"

# Which files of the walk to try first when a check is gone from a module with this in its name.
LIKELY_FILES = {
    "visit": ("isolation_visits", "isolation_tickets"),
    "context": ("isolation_tickets",),
    "usage": ("isolation_limits",),
    "app_readers": ("isolation_app_files",),
    "files": ("isolation_app_files", "isolation_files"),
    "storages/models": ("isolation_app_files", "isolation_files"),
    "publishing": ("isolation_publishing",),
    "library": ("isolation_folders",),
    "folders": ("isolation_folders",),
    "moves": ("isolation_folders",),
    "permissions": (
        "isolation",
        "isolation_app_files",
        "isolation_folders",
        "isolation_publishing",
        "isolation_visits",
    ),
}
DEFAULT_FILES = ("isolation",)


# --- Which request reaches which check


class WalkFilter:
    """What the walk asks now, and what it is narrowed to. tests/walk.py reads and writes this.

    A request is called `METHOD pattern`; what is asked outside of the walk's loops is called "". A statement is
    compiled by a thread of its own at its first use and kept, so what that thread reaches belongs to every request.
    """

    def __init__(self) -> None:
        self.request = ""
        self.only: frozenset[str] | None = None
        self.reached: dict[str, set[str]] = {}

    def is_asked(self, request: str) -> bool:
        return self.only is None or not self.only.isdisjoint({request, EVERY_REQUEST})

    def note_reach(self, check: str) -> None:
        is_compiling = threading.current_thread() is not threading.main_thread()
        request = EVERY_REQUEST if is_compiling else self.request
        self.reached.setdefault(check, set()).add(request)

    @contextmanager
    def narrow(self, requests: Iterable[str]) -> Iterator[None]:
        """Ask only these requests inside the block."""
        self.only = frozenset(requests)
        try:
            yield
        finally:
            self.only = None


walk_filter = WalkFilter()


@dataclass
class Record:
    """How long a test of the walk took, and for each check the requests that reach it."""

    seconds: float = 0.0
    reached: dict[str, list[str]] = field(default_factory=dict)


@contextmanager
def record_reach() -> Iterator[Record]:
    """Yield a record of what the block reaches; it is filled in at the end."""
    walk_filter.reached, began, record = {}, time.monotonic(), Record()
    with ExitStack() as stack:
        for file, tree in build_recording_trees().items():
            functions = find_running_functions()[file]
            functions[0].__globals__[NOTE_REACH] = walk_filter.note_reach
            stack.callback(functions[0].__globals__.pop, NOTE_REACH)
            stack.enter_context(exchange_code(file, tree))
        yield record
    # Of copies: a thread that has not ended yet may still add to them.
    reached = {check: sorted(found.copy()) for check, found in walk_filter.reached.copy().items()}
    record.reached = reached
    record.seconds = time.monotonic() - began


def write_record(item: pytest.Item, record: Record) -> None:
    """Keep the record for all processes of this run. None of them ever reads half of it."""
    path = record_path(item)
    path.parent.mkdir(exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}")
    half.write_text(json.dumps(asdict(record)))
    half.rename(path)


def record_path(item: pytest.Item) -> Path:
    return Path(os.environ[RUN_FOLDER], RECORDS, hashlib.sha256(item.nodeid.encode()).hexdigest())


def find_record(item: pytest.Item) -> Record | None:
    path = record_path(item)
    return Record(**json.loads(path.read_text())) if path.exists() else None


@cache
def build_recording_trees() -> dict[str, ast.Module]:
    """Return each module with checks so that every function with one says when it is called."""
    trees: dict[str, ast.Module] = {}
    for mutant in find_mutants():
        tree = trees.setdefault(mutant.file, deepcopy(parse_module(mutant.file)))
        function = list_functions(tree)[mutant.function]
        note = ast.parse(f"{NOTE_REACH}({mutant.function_id!r})").body[0]
        if ast.unparse(function.body[0]) != ast.unparse(note):
            ast.copy_location(note, function.body[0])
            function.body.insert(0, note)
            ast.fix_missing_locations(tree)
    return trees


# --- Running the walk


def run(item: pytest.Item, next_item: pytest.Item) -> list[pytest.TestReport]:
    """Run one test of the walk, silently; return its reports."""
    # pytest has set up what `next_item` needs, such as its module.
    item.session._setupstate.teardown_exact(item)
    return runtestprotocol(item, log=False, nextitem=next_item)


def find_failure(reports: Iterable[pytest.TestReport]) -> pytest.TestReport | None:
    """Return the report of a test that failed. Raises when it could not be set up or ended, which proves nothing."""
    for report in reports:
        if report.failed and report.when != "call":
            raise AssertionError(f"{report.nodeid}, {report.when}:\n{report.longreprtext}")
    return next((report for report in reports if report.failed), None)


def has_asserted(report: pytest.TestReport) -> bool:
    """Return whether the test itself refused what it saw. An error in the product is no proof that it looked."""
    crash: Any = getattr(report.longrepr, "reprcrash", None)
    return crash is not None and Path(crash.path).is_relative_to(ROOT / "tests")


def find_failing_test(item: pytest.Item, mutant: Mutant) -> str:
    """Return the test of the walk that fails without the check, and passes with it on the same requests.

    `item` is the test that asks: what pytest keeps for its folder and the session is kept between the runs. Raises
    AssertionError when no test fails by an assertion of its own.
    """
    tried, crashed = 0, 0
    for test in order_walk(item, mutant):
        requests = ensure_record(test, item).reached.get(mutant.function_id)
        if requests is None:
            continue
        tried += 1
        with walk_filter.narrow(requests):
            with exchange_code(mutant.file, mutant.apply()):
                failure = find_failure(run(test, item))
            if failure:
                forget_failure()
                assert not find_failure(run(test, item)), (
                    f"{test.nodeid} fails with the check, too."
                )
        if failure and (has_asserted(failure) or mutant.change in CRASHING):
            return test.nodeid
        crashed += failure is not None
    raise AssertionError(
        f"The walk passes without this check ({mutant.file}:{mutant.line}, {mutant.before}, "
        f"replaced by {mutant.after}). {tried} tests reach it, {crashed} end by an error of the product."
    )


def order_walk(item: pytest.Item, mutant: Mutant) -> list[pytest.Item]:
    """Return the tests of the walk: likely ones first, and of those the ones that are recorded and short."""

    def key(test: pytest.Item) -> tuple[bool, float]:
        record = find_record(test)
        return not is_likely(test, mutant), record.seconds if record else float("inf")

    return sorted(collect_walk(item), key=key)


def forget_failure() -> None:
    """Close what a failed test left open, such as a file that was sent and should not have been.

    pytest keeps the last failure for a debugger, and would blame what is closed late on the test that runs then.
    """
    for name in ("last_type", "last_value", "last_traceback"):
        vars(sys).pop(name, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def ensure_record(test: pytest.Item, item: pytest.Item) -> Record:
    """Return what a test of the walk reaches. It is run when no process of this run has done so yet."""
    if known := find_record(test):
        return known
    with record_reach() as record:
        reports = run(test, item)
    assert not find_failure(reports), f"{test.nodeid} fails with every check in place."
    write_record(test, record)
    return record


def is_likely(test: pytest.Item, mutant: Mutant) -> bool:
    named = [files for word, files in LIKELY_FILES.items() if word in mutant.file]
    return test.path.stem.removeprefix("test_") in chain(*(named or [DEFAULT_FILES]))


_walk_tests: list[pytest.Item] = []


def collect_walk(item: pytest.Item) -> list[pytest.Item]:
    """Return all tests of the walk. They are collected here, since a run of some tests may have left them out."""
    if not _walk_tests:
        folder = item.getparent(pytest.Module)
        assert folder
        for path in sorted(folder.path.parent.glob(WALK_GLOB)):
            module = pytest.Module.from_parent(folder.parent, path=path)
            _walk_tests.extend(item.session.genitems(module))
    return _walk_tests


# --- Hooks


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{MARK}: passes when the isolation walk fails; see tests/mutation.py"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put mutants last: by then most tests of the walk have run and left their records."""
    items.sort(key=lambda item: item.get_closest_marker(MARK) is not None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run mutants here, and record what the tests of the walk reach; leave all other tests to pytest."""
    is_mutant = item.get_closest_marker(MARK) is not None
    if not is_mutant and not item.path.match(WALK_GLOB):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    if is_mutant:
        for report in run_mutant(item):
            item.ihook.pytest_runtest_logreport(report=report)
        # What the last test of the walk has left set up is not what the next item expects.
        item.session._setupstate.teardown_exact(nextitem)
    else:
        with record_reach() as record:
            reports = runtestprotocol(item, nextitem=nextitem)
        if all(report.passed for report in reports):
            write_record(item, record)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def run_mutant(item: Any) -> list[pytest.TestReport]:
    """Try one mutant; return what pytest would report of a test: its set-up, itself, its end."""
    began, failure = time.time(), None
    try:
        find_failing_test(item, item.callspec.params["mutant"])
    except AssertionError as error:
        failure = str(error)
    ended = time.time()

    def report(when: Any, **given: Any) -> pytest.TestReport:
        facts: Any = {"outcome": "passed", "longrepr": None, "keywords": {}, **given}
        return pytest.TestReport(item.nodeid, item.location, when=when, **facts)

    call: dict[str, Any] = {"duration": ended - began, "start": began, "stop": ended}
    if failure:
        call |= {"outcome": "failed", "longrepr": failure}
    return [report("setup"), report("call", **call), report("teardown")]
