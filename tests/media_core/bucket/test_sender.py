"""How requests go out: never over more connections than agreed, and a busy bucket is understood in whatever words."""

import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from media_core.bucket import client, sender
from media_core.bucket.bucket_errors import translate_error
from media_core.bucket.client import build_client_config, get_bucket_access, get_bucket_client
from media_core.errors import BucketUnavailable
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import get_tenant_storage
from tenants.binding import bind_tenant
from tenants.breaker import Breaker
from tests.media_core.conftest import content

S3_ERROR = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code></Error>'
# HAProxy's, as it stands before Ceph RGW.
PAGE = (
    b"<html><body><h1>429 Too Many Requests</h1>\n"
    b"You have sent too many requests in a given amount of time.\n</body></html>\n"
)
XHTML = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><p>1</p><p>2</p></html>'
BODIES = {"S3's error": S3_ERROR, "a page": PAGE, "a page in XML": XHTML, "nothing": b"",
          "a word": b"busy", "no text": b"\xff\xfe<\x00"}  # fmt: skip
LARGE = b"x" * 1_000_000
OPERATIONS: dict[str, dict[str, Any]] = {
    "get_object": {"Key": "k"},
    "head_object": {"Key": "k"},
    "put_object": {"Key": "k", "Body": b"x"},
    "copy_object": {"Key": "k", "CopySource": "b/k"},
    "delete_objects": {"Delete": {"Objects": [{"Key": "k"}]}},
}


class Busy(ThreadingHTTPServer):
    """A bucket that gives the answers it is told to, the last of them for ever, and counts its connections."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.answers: list[tuple[int, bytes, dict[str, str]]] = []
        self.asked: list[float] = []
        self.seconds = 0.0
        self.open = self.most = 0
        self.counting = Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hangs up: that is what some of these tests do."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def count(self, change: int) -> None:
        with self.counting:
            self.open += change
            self.most = max(self.most, self.open)


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Busy

    def setup(self) -> None:
        super().setup()
        self.server.count(1)

    def finish(self) -> None:
        self.server.count(-1)
        super().finish()

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(time.monotonic())
        time.sleep(self.server.seconds)
        rest = self.server.answers
        status, body, headers = rest.pop(0) if len(rest) > 1 else rest[0]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - Python's names

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(server: Busy) -> Iterator[str]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def bucket(settings) -> Iterator[Busy]:
    with Busy() as server, serving(server) as address:
        settings.BUCKET_ENDPOINT_URL, settings.BUCKET_NAME = address, "b"
        yield server


@pytest.fixture(scope="session")
def _busy_server() -> Iterator[tuple[Busy, str]]:
    with Busy() as server, serving(server) as address:
        yield server, address


@pytest.fixture
def lasting_bucket(_busy_server: tuple[Busy, str], settings) -> Busy:
    """Return a bucket that serves many tests, so that a client is made once. It does not count its connections."""
    server, address = _busy_server
    server.answers, server.asked = [], []
    settings.BUCKET_ENDPOINT_URL, settings.BUCKET_NAME = address, "b"
    return server


def read_all(known: Any) -> bytes:
    body: bytes = known.get_object(Bucket="b", Key="k")["Body"].read()
    return body


# --- a busy bucket


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("words", BODIES)
def test_a_busy_bucket_is_asked_again_in_whatever_words_it_says_so(words, status, lasting_bucket):
    lasting_bucket.answers = [(status, BODIES[words], {}), (200, b"here", {})]
    assert read_all(get_bucket_client()) == b"here"
    assert len(lasting_bucket.asked) == 2


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("words", ["a page in XML", "nothing"])
def test_one_that_stays_busy_is_unavailable(words, operation, lasting_bucket, attempts):
    attempts(2)
    lasting_bucket.answers = [(503, BODIES[words], {})]
    with pytest.raises(ClientError) as refused:
        getattr(get_bucket_client(), operation)(Bucket="b", **OPERATIONS[operation])
    assert refused.value.response["Error"]["Code"] == "SlowDown"
    assert len(lasting_bucket.asked) == 2
    assert repr(translate_error(refused.value)) == repr(BucketUnavailable("It answered 503."))


@pytest.mark.parametrize("words", BODIES)
@pytest.mark.django_db
def test_a_storage_says_so_in_words_of_ours(words, lasting_bucket, acme, attempts):
    attempts(1)
    lasting_bucket.answers = [(429, BODIES[words], {})]
    with bind_tenant(acme):
        row = StoredObject.objects.reserve(content("a.pdf", 1))
        with pytest.raises(BucketUnavailable, match=r"It answered 429\."):
            get_tenant_storage(StoredObject.Area.PRIVATE).remove(row)


def test_what_s3_says_itself_is_left_as_it_is(lasting_bucket, attempts):
    attempts(1)
    lasting_bucket.answers = [(503, S3_ERROR.replace(b"SlowDown", b"ServiceUnavailable"), {})]
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        read_all(get_bucket_client())


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize(
    ("asked_for", "least"), [("1", 1), ("soon", 0), ("-1", 0), ("Fri, 27 Nov 2026 14:00:00 GMT", 0)]
)
def test_retry_after_is_honoured_when_it_is_a_number(asked_for, least, lasting_bucket):
    lasting_bucket.answers = [(429, PAGE, {"Retry-After": asked_for}), (200, b"here", {})]
    assert read_all(get_bucket_client()) == b"here"
    first, second = lasting_bucket.asked
    # A number that is misread is waited for five seconds at least.
    assert least <= second - first < 5


# --- connections


def use_by_twenty(known: Any) -> None:
    with ThreadPoolExecutor(20) as threads:
        assert set(threads.map(lambda _: read_all(known), range(60))) == {LARGE}


def test_twenty_threads_open_no_more_connections_than_agreed(bucket, settings):
    settings.BUCKET_CONNECTIONS, bucket.seconds = 4, 0.01
    bucket.answers = [(200, LARGE, {})]
    use_by_twenty(get_bucket_client())
    assert bucket.most == 4


def test_boto_alone_opens_more_than_its_pool_holds(bucket, settings):
    settings.BUCKET_CONNECTIONS, bucket.seconds = 4, 0.01
    bucket.answers = [(200, LARGE, {})]
    access = get_bucket_access()
    use_by_twenty(
        boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b").client(
            "s3",
            endpoint_url=access.endpoint_url,
            config=build_client_config(access),
            region_name="r",
        )
    )
    assert bucket.most > 4


def test_strangers_views_go_over_the_same_connections(bucket, settings):
    settings.BUCKET_CONNECTIONS = 2
    bucket.answers = [(200, b"here", {})]
    for known in (get_bucket_client(), client.get_anonymous_client()) * 3:
        assert read_all(known) == b"here"
    assert bucket.most == 1


@pytest.fixture
def impatient(bucket, settings, monkeypatch):
    """Return a client with two connections, for which nobody waits long."""
    settings.BUCKET_CONNECTIONS = 2
    monkeypatch.setattr(sender, "WAIT_SECONDS", 0.05)
    bucket.answers = [(200, LARGE, {})]
    return get_bucket_client()


def begun(known: Any) -> Any:
    body = known.get_object(Bucket="b", Key="k")["Body"]
    assert body.read(10) == b"x" * 10
    return body


def test_whoever_finds_none_free_hears_that_the_bucket_is_busy(impatient, bucket):
    held = [begun(impatient), begun(impatient)]
    with pytest.raises(BotoCoreError) as refused:
        impatient.put_object(Bucket="b", Key="k", Body=b"x")
    assert isinstance(translate_error(refused.value), BucketUnavailable)
    assert (len(bucket.asked), bucket.most) == (2, 2)
    for body in held:
        body.close()


@pytest.mark.parametrize("end", ["read", "read in parts", "closed", "forgotten", "closed twice"])
def test_a_body_gives_its_connection_back_once(end, impatient):
    for _ in range(5):
        body = begun(impatient)
        if end == "read":
            assert len(body.read()) == len(LARGE) - 10
        if end == "read in parts":
            assert sum(map(len, body.iter_chunks(4096))) == len(LARGE) - 10
        for _ in range(("closed" in end) + ("twice" in end)):
            body.close()
        del body
    held = [begun(impatient), begun(impatient)]
    with pytest.raises(BotoCoreError, match="in use"):
        begun(impatient)
    for body in held:
        body.close()


def test_a_connection_that_is_refused_is_free_again(settings, monkeypatch):
    monkeypatch.setattr(sender, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(client, "MAX_ATTEMPTS", 1)
    settings.BUCKET_CONNECTIONS = 2
    settings.BUCKET_ENDPOINT_URL = "http://127.0.0.1:9"
    for _ in range(5):
        with pytest.raises(BotoCoreError) as refused:
            get_bucket_client().head_object(Bucket="b", Key="k")
        assert "in use" not in str(refused.value)


@pytest.fixture
def hung(bucket, settings, monkeypatch):
    """Return a client of a bucket that takes requests and answers none in time."""
    monkeypatch.setattr(sender, "READ_TIMEOUT_SECONDS", 0.1)
    settings.BUCKET_CONNECTIONS = 3
    client._senders.clear()
    bucket.seconds, bucket.answers = 0.5, [(200, b"here", {})]
    yield get_bucket_client()
    client._senders.clear()


def test_an_answer_that_does_not_come_is_waited_for_once(hung, bucket):
    for _ in range(3):
        with pytest.raises(BotoCoreError) as refused:
            hung.head_object(Bucket="b", Key="k")
        assert isinstance(translate_error(refused.value), BucketUnavailable)
    assert len(bucket.asked) == 1


@pytest.fixture
def deaf(settings, monkeypatch, short_pauses):
    """Return a bucket that takes connections and reads nothing of what they bring."""
    monkeypatch.setattr(sender, "CONNECT_TIMEOUT_SECONDS", 0.2)
    settings.BUCKET_NAME = "b"
    client._senders.clear()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        settings.BUCKET_ENDPOINT_URL = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield server
    client._senders.clear()


def test_a_body_that_is_not_taken_is_offered_once(deaf):
    for _ in range(3):
        with pytest.raises(BotoCoreError) as refused:
            get_bucket_client().put_object(Bucket="b", Key="k", Body=b"x" * 20_000_000)
        assert isinstance(translate_error(refused.value), BucketUnavailable)
    deaf.accept()[0].close()
    with pytest.raises(BlockingIOError):
        deaf.accept()


def test_a_bucket_that_takes_no_connection_is_asked_once(deaf):
    deaf.listen(0)
    with socket.create_connection(deaf.getsockname()):
        with pytest.raises(BotoCoreError) as refused:
            get_bucket_client().head_object(Bucket="b", Key="k")
        assert isinstance(translate_error(refused.value), BucketUnavailable)
        with pytest.raises(BotoCoreError, match="did not answer a moment ago"):
            get_bucket_client().head_object(Bucket="b", Key="k")


def test_a_bucket_that_answers_again_is_asked_again(hung, bucket, monkeypatch):
    monkeypatch.setattr(sender, "BREAK_SECONDS", 0.2)
    with pytest.raises(BotoCoreError):
        hung.head_object(Bucket="b", Key="k")
    bucket.seconds = 0
    time.sleep(0.2)
    assert read_all(hung) == b"here"


def test_an_answer_that_somebody_gets_lets_everybody_ask(bucket, monkeypatch):
    breaker = Breaker()
    breaker.open(60)
    assert breaker.is_open()
    breaker.close()
    assert not breaker.is_open()


def test_only_timeouts_keep_others_from_asking(bucket, settings):
    settings.BUCKET_CONNECTIONS = 3
    bucket.answers = [(503, S3_ERROR, {})] * client.MAX_ATTEMPTS + [(200, b"here", {})]
    with pytest.raises(ClientError):
        get_bucket_client().head_object(Bucket="b", Key="k")
    assert read_all(get_bucket_client()) == b"here"
