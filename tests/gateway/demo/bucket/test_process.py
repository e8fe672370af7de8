"""The store as a process: it starts, says where, keeps its secrets, and ends with its parent."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gateway.demo.bucket.embedded_bucket import ROOT, BucketNotStarted, EmbeddedBucket
from gateway.demo.bucket.http_server import NotLoopback, _is_loopback
from gateway.demo.resolution import resolve_localhost_names
from tests.gateway.demo.bucket.conftest import Connect, S3Client
from tests.gateway.demo.bucket.wire import send

PARENT = """
from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
import time
print(EmbeddedBucket().start().port, flush=True)
time.sleep(60)
"""


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "gateway.demo.bucket", *arguments]
    return subprocess.run(  # noqa: S603  # our own module
        command,
        cwd=ROOT,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_says_where_it_listens_and_stops(bucket: EmbeddedBucket) -> None:
    with EmbeddedBucket(bucket="other") as other:
        assert other.port != bucket.port
        assert other.endpoint_url == f"http://127.0.0.1:{other.port}"
        assert send("GET", f"{other.endpoint_url}/other").status == 403
        assert not other.has_ended()
    assert not listens(other.port)
    other.stop()


def test_takes_other_domains() -> None:
    with EmbeddedBucket(domains=("s3.example",)) as other:
        hosts = {"demo.s3.example": 403, "s3.example": 403, "demo.s3.localhost": 400}
        answers = {
            host: send("GET", f"{other.endpoint_url}/", headers={"Host": host}) for host in hosts
        }
    assert {host: answer.status for host, answer in answers.items()} == hosts


def test_ends_with_a_parent_that_was_killed() -> None:
    with subprocess.Popen(  # noqa: S603  # our own module
        [sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        assert listens(port)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 120
    while listens(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not listens(port)


def test_says_that_its_port_is_in_use(bucket: EmbeddedBucket) -> None:
    with pytest.raises(
        BucketNotStarted, match=f"did not start. .*: Port {bucket.port} is in use.$"
    ):
        EmbeddedBucket(port=bucket.port).start()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "::", "example.com", ""])  # noqa: S104  # to be refused
def test_listens_on_loopback_only(host: str) -> None:
    assert not _is_loopback(host)
    assert str(NotLoopback(host)).count("\n") == 0


def test_refuses_another_address_in_one_line() -> None:
    refused = run("--host", "0.0.0.0", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")  # noqa: S104  # to be refused
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (2, "", 1)


def test_refuses_to_start_without_keys() -> None:
    refused = run()
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)


def test_explains_itself() -> None:
    assert "--bucket" in run("--help").stdout


def test_shows_no_secret(bucket: EmbeddedBucket, log: Path, connect: Connect, key: str) -> None:
    url = connect().generate_presigned_url("get_object", Params={"Bucket": "demo", "Key": key})
    for sent in (
        url,
        url.replace("?", "!"),
        url.replace("?", "%3F"),
        url.replace("?X-Amz", "+Signature&X-Amz"),
    ):
        send("GET", sent)
    logged = log.read_text()
    assert f"GET /{key} 200" in logged
    for secret in (bucket.secret_key, "Signature=", "&", "?"):
        assert secret not in logged
    assert bucket.secret_key not in repr(bucket)
    assert (
        bucket.secret_key.encode() not in Path(f"/proc/{process_of(bucket)}/cmdline").read_bytes()
    )


def process_of(bucket: EmbeddedBucket) -> int:
    assert bucket._process is not None
    return bucket._process.pid


def test_keeps_connections_open(bucket: EmbeddedBucket) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", bucket.port, timeout=60)
    with contextlib.closing(connection):
        connection.connect()
        first = connection.sock
        for method, status in (("GET", 403), ("PUT", 403), ("HEAD", 403), ("OPTIONS", 400)):
            connection.request(
                method, "/demo/missing", body=b"refused" if method == "PUT" else None
            )
            response = connection.getresponse()
            response.read()
            assert (response.status, connection.sock) == (status, first)


def test_answers_before_a_refused_body_is_sent(bucket: EmbeddedBucket) -> None:
    head = "PUT /demo/a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999999999\r\n"
    with socket.create_connection(("127.0.0.1", bucket.port), timeout=60) as connection:
        connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize(
    "lines",
    [
        "Host: 127.0.0.1\r\nHost: evil.example",
        "Host: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2",
        "Host: 127.0.0.1\r\nContent-Length: -1",
        "Host: 127.0.0.1\r\nno header at all",
        "Host: 127.0.0.1\r\nx-amz-acl: public-read\r\n and more",
        "Accept: */*",
    ],
    ids=str,
)
def test_refuses_headers_that_can_be_read_in_two_ways(bucket: EmbeddedBucket, lines: str) -> None:
    with socket.create_connection(("127.0.0.1", bucket.port), timeout=60) as connection:
        connection.sendall(f"PUT /demo/a HTTP/1.1\r\n{lines}\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 400")


def test_one_of_many_conditional_writes_wins(s3: S3Client, prefix: str) -> None:
    won = []

    def write() -> None:
        try:
            s3.put_object(Bucket="demo", Key=f"{prefix}race", Body=b"", IfNoneMatch="*")
            won.append(1)
        except s3.exceptions.ClientError:
            pass

    writers = [threading.Thread(target=write) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(won) == 1


def test_names_below_localhost_resolve_inside_the_block_only() -> None:
    before = socket.getaddrinfo
    with resolve_localhost_names():
        assert socket.getaddrinfo("a.b.localhost", 80)[0][4] == ("127.0.0.1", 80)
    assert socket.getaddrinfo is before
