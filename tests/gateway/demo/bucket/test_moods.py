"""Moods: each shows its fault while it is on, and the store behaves before and after it."""

import http.client
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from gateway.demo.bucket.embedded_bucket import ROOT, BucketNotStarted, EmbeddedBucket
from gateway.demo.bucket.fault_injection import FAULT_DESCRIPTIONS, NoSuchMood
from tests.gateway.demo.bucket.conftest import S3Client
from tests.gateway.demo.bucket.faults import FAULTS, Scene, copy_object, got
from tests.gateway.demo.bucket.test_process import run
from tests.gateway.demo.bucket.wire import Answer, send, signed

SHOWN_BELOW = {"slow", "lost-response", "late", "a-little-late"}


@pytest.fixture
def scene(bucket: EmbeddedBucket, s3: S3Client, own_bucket: str) -> Scene:
    s3.put_object(Bucket=own_bucket, Key="a", Body=b"content", ContentType="text/plain")
    return Scene(bucket, s3, own_bucket)


@pytest.mark.parametrize("mood", FAULTS)
def test_the_fault_is_there_as_long_as_the_mood(scene: Scene, mood: str) -> None:
    probe, in_it, out_of_it = FAULTS[mood]
    with scene.store.inject_faults(mood):
        assert probe(scene) == in_it
    scene.s3.put_object(Bucket=scene.bucket, Key="a", Body=b"content", ContentType="text/plain")
    assert probe(scene) == out_of_it


def test_every_mood_is_shown() -> None:
    assert {*FAULTS, *SHOWN_BELOW} == set(FAULT_DESCRIPTIONS)


def test_a_slow_store_answers_after_a_while(scene: Scene) -> None:
    def waited() -> float:
        before = time.monotonic()
        assert got(scene)[0] == 200
        return time.monotonic() - before

    with scene.store.inject_faults("slow", seconds=0.3):
        assert waited() >= 0.3
    with scene.store.inject_faults("slow", seconds=60):
        pass
    assert waited() < 60


def test_a_lost_response_leaves_the_object(scene: Scene) -> None:
    url = scene.url("put_object", "b")
    with scene.store.inject_faults("lost-response", requests=1):
        with pytest.raises(http.client.RemoteDisconnected):
            send("PUT", url, body=b"arrived")
        assert scene.stored("b") == b"arrived"


def test_a_late_store_says_so_and_refuses_punctual_clients(scene: Scene) -> None:
    def dated() -> tuple[int, str, timedelta]:
        path = f"/{scene.bucket}/a"
        headers = signed(scene.store, "GET", path)
        answer = send("GET", f"{scene.store.endpoint_url}{path}", headers=headers)
        behind = datetime.now(UTC) - parsedate_to_datetime(answer.headers["Date"])
        return answer.status, answer.code, timedelta(minutes=round(behind / timedelta(minutes=1)))

    with scene.store.inject_faults("late"):
        assert dated() == (403, "RequestTimeTooSkewed", timedelta(hours=1))
    with scene.store.inject_faults("a-little-late"):
        assert dated() == (200, "", timedelta())
    assert dated() == (200, "", timedelta())


@pytest.mark.parametrize("mood", ["busy", "busy-html"])
def test_a_mood_can_end_after_some_requests(scene: Scene, mood: str) -> None:
    with scene.store.inject_faults(mood, requests=2):
        assert [got(scene)[0] == 200 for _ in range(4)] == [False, False, True, True]


def test_a_mood_counts_only_requests_it_concerns(scene: Scene) -> None:
    with scene.store.inject_faults("copy-refused", requests=1):
        assert got(scene)[0] == 200
        assert [copy_object(scene) for _ in range(2)] == ["NotImplemented", "ok"]


def test_a_mood_can_be_about_one_operation(scene: Scene) -> None:
    with scene.store.inject_faults("busy", operation="CopyObject"):
        assert (got(scene)[0], copy_object(scene)) == (200, "SlowDown")


def test_several_moods_are_on_at_once(scene: Scene) -> None:
    with scene.store.inject_faults("open", "copy-refused"), scene.store.inject_faults("listed"):
        assert (scene.stranger_sees("a"), scene.stranger_sees()) == (200, 200)
        assert copy_object(scene) == "NotImplemented"
    assert (scene.stranger_sees("a"), scene.stranger_sees(), copy_object(scene)) == (403, 403, "ok")


def test_unsigned_headers_can_open_an_object_and_steal_through_a_part(scene: Scene) -> None:
    def answers() -> list[int]:
        upload = scene.upload("c")
        part = scene.url("upload_part", **upload, PartNumber=1)
        source, acl = {"x-amz-copy-source": f"/{scene.bucket}/a"}, {"x-amz-acl": "public-read"}
        asked: list[Answer] = [
            send("PUT", part, body=b"", headers=source),
            send("PUT", scene.url("put_object", "b"), body=b"", headers=acl),
        ]
        return [*(answer.status for answer in asked), scene.stranger_sees("b")]

    with scene.store.inject_faults("unsigned-headers"):
        assert answers() == [200, 200, 200]
    scene.s3.delete_object(Bucket=scene.bucket, Key="b")
    assert answers() == [403, 403, 403]


def test_an_unknown_mood_is_refused(scene: Scene) -> None:
    with (
        pytest.raises(NoSuchMood, match="no fault 'cheerful': slow, busy"),
        scene.store.inject_faults("cheerful"),
    ):
        raise AssertionError


def test_a_store_that_does_not_run_has_no_moods() -> None:
    with pytest.raises(BucketNotStarted), EmbeddedBucket().inject_faults("busy"):
        raise AssertionError


def test_each_store_has_moods_of_its_own(scene: Scene) -> None:
    with EmbeddedBucket(bucket="other") as other, other.inject_faults("busy"):
        assert send("GET", f"{other.endpoint_url}/other").status == 503
        assert got(scene)[0] == 200


def test_a_mood_can_be_there_from_the_start() -> None:
    command = [sys.executable, "-m", "gateway.demo.bucket", "--stop-with-stdin", "--fault", "busy"]
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    with subprocess.Popen(  # noqa: S603  # our own module
        command,
        cwd=ROOT,
        env={**os.environ, **keys},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as store:
        assert store.stdout is not None
        assert send("GET", f"{store.stdout.readline().strip()}/demo").status == 503
        store.communicate(timeout=60)
    assert store.returncode == 0


def test_the_command_line_lists_the_moods() -> None:
    explained = run("--help").stdout
    assert all(f"\n  {name} " in explained for name in FAULT_DESCRIPTIONS)
