"""The demo starts or says in one line why not, and never harms anything it did not start."""

import json
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import psutil
import psycopg
import pytest
import requests
from botocore.config import Config

from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
from gateway.demo.postgres import EmbeddedPostgres
from gateway.demo.postgres.processes import read_pid_file
from tests.demo import SECONDS_TO_STOP, Demo, OwnDemo, end, gone, refused, running, started


@pytest.fixture(scope="module")
def real_bucket() -> Iterator[EmbeddedBucket]:
    with EmbeddedBucket(bucket="somebodys-bucket", access_key=secrets.token_hex(8)) as bucket:
        yield bucket


@pytest.fixture
def real_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("real") / "postgres", fast=True) as server:
        server.ensure_database("somebodys")
        yield server.build_url("somebodys")
        server.delete()


def build_bucket_environment(bucket: EmbeddedBucket) -> dict[str, str]:
    return {
        "AWS_S3_ENDPOINT_URL": bucket.endpoint_url,
        "AWS_ACCESS_KEY_ID": bucket.access_key,
        "AWS_SECRET_ACCESS_KEY": bucket.secret_key,
        "AWS_STORAGE_BUCKET_NAME": bucket.bucket,
        "AWS_S3_ADDRESSING_STYLE": "path",
    }


def keys_in(bucket: EmbeddedBucket) -> list[str]:
    return [
        entry["Key"]
        for entry in client_of(bucket).list_objects_v2(Bucket=bucket.bucket).get("Contents", [])
    ]


def client_of(bucket: EmbeddedBucket) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=bucket.endpoint_url,
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret_key,
        region_name=bucket.region,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, lines = refused(tmp_path, PORT=port)
    assert (code, len(lines)) == (1, 1)
    assert port in lines[0]
    assert "make demo PORT=" in lines[0]


@pytest.mark.parametrize("port", ["http", "70000", "-1", "8000.5"])
def test_a_port_that_is_none_is_said_in_one_line(tmp_path: Path, port: str) -> None:
    code, lines = refused(tmp_path, PORT=port)
    assert (code, len(lines), port in lines[0]) == (1, 1, True)


@pytest.mark.parametrize("name", ["DATABASE_URL", "AWS_S3_ENDPOINT_URL"])
def test_real_servers_are_used_only_when_asked_twice(tmp_path: Path, name: str) -> None:
    code, lines = refused(tmp_path, **{name: "postgres://nobody@127.0.0.1:1/none"})
    assert code == 1
    assert name in lines[-1]
    assert "DEMO_REAL=1" in lines[-1]


def test_a_database_that_is_not_empty_is_refused(tmp_path: Path, real_database: str) -> None:
    with psycopg.connect(real_database) as connection:
        connection.execute("CREATE TABLE theirs (id int)")
    code, lines = refused(tmp_path, DATABASE_URL=real_database, DEMO_REAL="1")
    assert (code, "empty one" in lines[-1]) == (1, True)


def test_a_database_that_does_not_answer_is_said_in_one_line(tmp_path: Path) -> None:
    code, lines = refused(
        tmp_path, DATABASE_URL="postgres://nobody@127.0.0.1:1/none", DEMO_REAL="1"
    )
    assert (code, lines[-1].startswith("The demo did not start: DATABASE_URL")) == (1, True)


@pytest.mark.slow(seconds=15)
@pytest.mark.run_first
def test_on_real_servers_it_writes_under_its_own_prefix_and_takes_that_away_again(
    tmp_path: Path, real_database: str, real_bucket: EmbeddedBucket
) -> None:
    client_of(real_bucket).put_object(
        Bucket=real_bucket.bucket, Key="theirs/report.pdf", Body=b"theirs"
    )
    given = {
        **build_bucket_environment(real_bucket),
        "DATABASE_URL": real_database,
        "DEMO_REAL": "1",
    }
    with running(tmp_path, **given) as demo:
        prefix = demo.facts["bucket"]["location_prefix"]
        keys = keys_in(real_bucket)
        client_of(real_bucket).put_object(
            Bucket=real_bucket.bucket, Key=f"{prefix}not-recorded", Body=b"x"
        )
        said = end(demo.process)
    assert prefix.startswith("demo-")
    # 18 originals, the copies of 6 that are public, the marker of the prefix, and theirs.
    assert len(keys) == 26
    assert {key for key in keys if not key.startswith(prefix)} == {"theirs/report.pdf"}
    assert keys_in(real_bucket) == [f"{prefix}not-recorded", "theirs/report.pdf"]
    assert "25 objects" in said
    assert real_bucket.secret_key not in (tmp_path / "demo.json").read_text() + said


def test_it_serves_on_loopback_only_and_keeps_its_passwords_from_others(
    demo_with_bucket: Demo,
) -> None:
    family = [
        demo_with_bucket.pid,
        *(child.pid for child in psutil.Process(demo_with_bucket.pid).children(recursive=True)),
    ]
    listening = set[str]()
    for pid in family:
        # A worker that looks into an upload of another test ends in between.
        with suppress(psutil.NoSuchProcess):
            connections = psutil.Process(pid).net_connections("inet")
            listening |= {
                each.laddr.ip for each in connections if each.status == psutil.CONN_LISTEN
            }
    assert listening == {"127.0.0.1"}
    for name in ("demo.json", "demo.env"):
        assert demo_with_bucket.environment_file.with_name(name).stat().st_mode & 0o077 == 0


def require_clean_end(demo: OwnDemo, place: Path, how: signal.Signals) -> None:
    """End the demo; nothing that it started may go on."""
    assert requests.get(f"{demo.facts['address']}/readyz", timeout=60).text == "ready\n"
    family = psutil.Process(demo.pid).children(recursive=True)
    assert EmbeddedPostgres(place / "postgres").is_running()
    said = end(demo.process, how)
    assert (demo.process.returncode, said.strip()) == (0, "Stopped.")
    log = (place / "gateway.log").read_text()
    assert all(json.loads(line)["level"] in {"INFO", "WARNING"} for line in log.splitlines())
    # Workers and the bucket; PostgreSQL is a daemon and no child.
    assert len(family) >= 2
    assert all(gone(child.pid) for child in family)
    assert not EmbeddedPostgres(place / "postgres").is_running()


@pytest.mark.slow(seconds=16)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_everything_it_started_ends_with_it(tmp_path: Path, how: signal.Signals) -> None:
    with running(tmp_path) as demo:
        require_clean_end(demo, tmp_path, how)


def server_of(demo: OwnDemo, place: Path, name: str) -> psutil.Process:
    """Return the process of a server that a demo runs on."""
    if name == "bucket":
        children = psutil.Process(demo.pid).children()
        return next(each for each in children if "gateway.demo.bucket" in each.cmdline())
    written = read_pid_file(EmbeddedPostgres(place / "postgres").home)
    assert written
    return psutil.Process(written.pid)


ENDED = "The demo has ended, because its {} ended.{} Start again from scratch: make demo"


@pytest.mark.run_first
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("bucket", marks=pytest.mark.slow(seconds=12)),
        pytest.param("PostgreSQL", marks=pytest.mark.slow(seconds=12)),
    ],
)
def test_it_ends_and_says_why_when_a_server_that_it_runs_on_was_killed(
    tmp_path: Path, name: str
) -> None:
    with running(tmp_path) as demo:
        family = psutil.Process(demo.pid).children(recursive=True)
        server_of(demo, tmp_path, name).kill()
        said, _ = demo.process.communicate(timeout=SECONDS_TO_STOP)
    assert (demo.process.returncode, said.strip()) == (1, ENDED.format(name, ""))
    assert all(gone(child.pid) for child in family)
    assert not EmbeddedPostgres(tmp_path / "postgres").is_running()


@pytest.mark.slow(seconds=12)
def test_what_a_demo_without_its_database_leaves_in_a_real_bucket_is_said(
    tmp_path: Path, real_bucket: EmbeddedBucket
) -> None:
    with running(tmp_path, **build_bucket_environment(real_bucket), DEMO_REAL="1") as demo:
        prefix = demo.facts["bucket"]["location_prefix"]
        server_of(demo, tmp_path, "PostgreSQL").send_signal(signal.SIGINT)
        said, _ = demo.process.communicate(timeout=SECONDS_TO_STOP)
    left = f" What it stored under {prefix} stays in the bucket."
    assert (demo.process.returncode, said.strip()) == (1, ENDED.format("PostgreSQL", left))
    for key in keys_in(real_bucket):
        client_of(real_bucket).delete_object(Bucket=real_bucket.bucket, Key=key)


@pytest.mark.run_first
def test_after_a_crash_the_next_start_recovers_and_everything_ends_with_it(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        first, port = demo.facts, demo.facts["address"].rpartition(":")[2]
        demo.process.kill()
        demo.process.communicate()
    with running(tmp_path, PORT=port) as again:
        assert again.facts["documents"][0]["id"] != first["documents"][0]["id"]
        require_clean_end(again, tmp_path, signal.SIGINT)


@pytest.mark.slow(seconds=15)
def test_two_demos_do_not_share_a_folder(demo_with_bucket: Demo) -> None:
    code, lines = refused(demo_with_bucket.environment_file.parent)
    assert (code, len(lines), "already running" in lines[0]) == (1, 1, True)


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    code, lines = refused(tmp_path / "file")
    assert (code, len(lines)) == (1, 1)


def test_a_folder_of_somebody_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "inbox").write_text("theirs")
    code, lines = refused(tmp_path)
    assert (code, len(lines), "no demo's folder" in lines[0]) == (1, 1, True)
    assert (tmp_path / "mail" / "inbox").read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["mail"]


@pytest.mark.parametrize("name", ["PRESIGNED_URL_EXPIRATION", "UPLOAD_MAX_BYTES"])
def test_a_setting_that_is_wrong_is_said_in_one_line(tmp_path: Path, name: str) -> None:
    code, lines = refused(tmp_path, **{name: "abc"})
    assert (code, name in lines[-1], "Traceback" in "".join(lines)) == (1, True, False)


def test_commands_work_on_the_running_demo(demo_with_bucket: Demo) -> None:
    assert "globex.localhost" in demo_with_bucket.manage("tenant", "list")


def test_it_stops_while_it_still_starts(tmp_path: Path) -> None:
    process = started(tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    said = end(process)
    assert (process.returncode, "Traceback" in said) == (0, False)


def test_its_facts_name_everything_a_script_needs(demo_with_bucket: Demo) -> None:
    facts = demo_with_bucket.facts
    assert set(facts) == {
        "base_url", "address", "sites", "people", "folders", "documents", "storage", "bucket",
    }  # fmt: skip
    assert set(facts["sites"]) == {"agency", "acme", "globex", "initech"}
    assert set(facts["people"][0]) == {"name", "email", "password", "tenant", "role"}
    assert {"id", "name", "visibility", "sha256", "tenant"} <= set(facts["documents"][0])
    assert {"endpoint_url", "name", "access_key", "secret_key"} <= set(facts["bucket"])
    assert facts["bucket"]["location_prefix"].startswith("demo-")
