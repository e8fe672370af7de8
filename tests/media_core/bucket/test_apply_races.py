"""Two at once, somebody else in between, and an end at every step: no rule is lost, and a second run mends."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from media_core.bucket.client import get_bucket_client
from media_core.bucket.desired.apply import ADVISORY_LOCK, apply, list_differences
from media_core.bucket.marker_store import make_marker_key
from tests.media_core.bucket.conftest import (
    THEIR_STATEMENT,
    all_theirs,
    at,
    cors,
    lifecycle,
    once,
    ours,
    policy,
    set_cors,
    set_lifecycle,
    set_policy,
    set_theirs,
)
from tests.media_core.conftest import in_a_thread
from tests.media_core.uploads.faults import INTERRUPTED, CutPlan
from tests.wire import bucket_requests

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("acme", "globex", "hooli", "bare_bucket", "in_policy_mode"),
]
NEW_CORS = {"ID": "late", "AllowedMethods": ["GET"], "AllowedOrigins": ["https://late.example"]}
NEW_LIFECYCLE = {
    "ID": "late",
    "Status": "Disabled",
    "Filter": {"Prefix": "late/"},
    "Expiration": {"Days": 5},
}
NEW_STATEMENT = {**THEIR_STATEMENT, "Sid": "Late"}


@pytest.fixture
def in_policy_mode(settings: Any) -> None:
    settings.PUBLIC_MEDIA_MODE = "policy"


def listed(statement: Any) -> list[Any]:
    return [statement] if isinstance(statement, dict) else statement


def add_cors(before: list[Any]) -> None:
    set_cors([*before, NEW_CORS])


def add_lifecycle(before: list[Any]) -> None:
    set_lifecycle([*before, NEW_LIFECYCLE])


def add_statement(before: list[Any]) -> None:
    set_policy({"Version": "2012-10-17", "Statement": [*before, NEW_STATEMENT]})


def statements() -> list[Any]:
    return listed(policy().get("Statement", []))


WRITERS = pytest.mark.parametrize(
    ("operation", "read", "add"),
    [
        ("BucketCors", cors, add_cors),
        ("BucketLifecycleConfiguration", lifecycle, add_lifecycle),
        ("BucketPolicy", statements, add_statement),
    ],
    ids=["cors", "lifecycle", "policy"],
)
Read = Callable[[], list[Any]]
Add = Callable[[list[Any]], None]


def names(rules: list[Any]) -> set[str]:
    return {rule.get("ID") or rule.get("Sid", "") for rule in rules}


@pytest.mark.bucket
@WRITERS
def test_a_rule_that_comes_after_the_first_reading_is_kept(operation: str, read: Read, add: Add):
    set_theirs()
    before = read()
    with at(f"after-call.s3.Get{operation}", once(lambda: add(read()))):
        done = apply()
    assert [each.trouble or each.lost for each in done] == [[], [], []]
    assert names(before) | {"late", "Late"} & names(read()) <= names(read())
    assert {"late", "Late"} & names(read())
    assert not any(list_differences())


@pytest.mark.bucket
@WRITERS
def test_whoever_writes_over_ours_with_what_they_read_before_loses_neither(
    operation: str, read: Read, add: Add
):
    set_theirs()
    before = read()
    with at(f"after-call.s3.Put{operation}", once(lambda: add(before))):
        done = apply()
    assert [each.trouble or each.lost for each in done] == [[], [], []]
    assert names(before) <= names(read())
    assert {"late", "Late"} & names(read())
    assert not any(list_differences())


@pytest.mark.bucket
def test_two_runs_at_once_wait_for_each_other():
    before, arrived = set_theirs(), list[int]()

    def wait_for_the_other(**_given: Any) -> None:
        # The other waits for the lock, or comes here too, where there is none.
        arrived.append(1)
        until = time.monotonic() + 120
        while len(arrived) < 2 and not is_somebody_waiting():
            assert time.monotonic() < until, "The other run neither waits nor comes."
            time.sleep(0.01)

    with at("after-call.s3.GetBucketCors", wait_for_the_other), bucket_requests() as sent:
        outcomes = both_apply()
    assert sorted(any(done) for done in outcomes) == [False, True]
    # The marker, CORS, lifecycle and policy: each once.
    assert [request.method for request in sent].count("PUT") == 4
    assert all_theirs() == before


def is_somebody_waiting() -> bool:
    """Return whether a run waits for the lock that another one holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND (classid, objid) = (%s, %s)"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            ADVISORY_LOCK,
        )
        (found,) = cursor.fetchone()
        return bool(found)


def both_apply() -> list[Any]:
    def run(_number: int) -> Any:
        try:
            return apply()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, range(2)))


@pytest.mark.bucket
@INTERRUPTED
def test_an_end_at_any_step_leaves_others_rules_and_a_second_run_mends(cuts: CutPlan):
    before = set_theirs()
    # The lock, the marker, two lists of rows, and of three parts two readings, a writing and one more reading.
    for run in cuts.iterate_runs(steps=30, states=5):
        run(apply, None)
        assert all_theirs() == before
        in_a_thread(apply)
        assert not any(in_a_thread(list_differences))
        assert ours(cors())
        assert all_theirs() == before
        set_theirs()
        get_bucket_client().delete_object(Bucket=settings.BUCKET_NAME, Key=make_marker_key())
