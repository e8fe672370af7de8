"""How the requests of this process go out: over so many connections at most, and "later" is understood in any form."""

import re
import weakref
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, cast

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    ReadTimeoutError,
)
from botocore.httpsession import URLLib3Session

from media_core.bucket.bucket_errors import NoConnectionFree, NotAnswering
from media_core.bucket.request_budget import wait_for_budget
from tenants.breaker import Breaker
from tenants.slots import hold_slot

CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 10
# A bucket that did not answer in time is asked by nobody in this process for so long, unless another answer comes.
BREAK_SECONDS = 5.0
# For one of the connections that others have.
WAIT_SECONDS = 10
# How a bucket says "later", and how what stands before it does, without a word of S3.
SLOW_DOWN_STATUSES = frozenset({429, 503})
S3_ERROR = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<Error[\s>]")
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>The bucket is busy.</Message></Error>"


class Sender:
    """Sends the requests of all clients of a process over at most so many connections.

    Alone, boto opens one more when its pool is empty, and throws it away afterwards: its limit is on what it keeps.
    A body that is read as a stream has its connection until it is read to the end, closed or forgotten.
    """

    def __init__(self, connections: int, *, verify: bool | str) -> None:
        # A body may be forgotten in the middle of anything, and a semaphore is not made for that; this queue is.
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(connections):
            self._release()
        # Its stubs know one form of each argument; boto itself passes these.
        self._breaker = Breaker()
        self._session: URLLib3Session = cast("Any", URLLib3Session)(
            verify=verify,
            proxies={},
            timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
            max_pool_connections=connections,
        )

    def send(self, request: AWSPreparedRequest, **_event: Any) -> AWSResponse:
        """Return the bucket's answer, for boto's event `before-send`.

        Raises NoConnectionFree after ten seconds, NotAnswering at once after an answer that did not come in time, and
        TooBusy when this process answers a request and too many of its threads wait for the bucket.
        """
        wait_for_budget()
        with hold_slot(waits=True):
            self._take_connection()
            lent = False
            try:
                response = self._send_through_breaker(request)
                if request.stream_output:
                    response.raw = StreamedBody(response.raw, self._release)
                    lent = True
                return response
            finally:
                if not lent:
                    self._release()

    def _send_through_breaker(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send it. A timeout opens the breaker, any answer closes it."""
        if self._breaker.is_open():
            raise NotAnswering
        try:
            response = self._session.send(request)
        except BotoCoreError as error:
            if is_timeout(error):
                self._breaker.open(BREAK_SECONDS)
            raise
        self._breaker.close()
        return response

    def _take_connection(self) -> None:
        try:
            self._free.get(timeout=WAIT_SECONDS)
        except Empty as error:
            raise NoConnectionFree from error

    def _release(self) -> None:
        self._free.put(None)


def is_timeout(error: BotoCoreError) -> bool:
    """Return whether the bucket did not connect, take the body or answer in time.

    A body that is not taken is a closed connection to boto, which has the timeout within.
    """
    if isinstance(error, ConnectionClosedError):
        return any(isinstance(reason, TimeoutError) for reason in error.kwargs["error"].args)
    return isinstance(error, ConnectTimeoutError | ReadTimeoutError)


class StreamedBody:
    """The body of an answer, read as it comes. Gives its connection back once, when there is no more to come."""

    def __init__(self, raw: Any, give_back: Callable[[], None]) -> None:
        self._raw = raw
        # Called by hand or when the body is forgotten, whichever is first.
        self._release = weakref.finalize(self, give_back)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def read(self, *given: Any, **named: Any) -> bytes:
        data: bytes = self._raw.read(*given, **named)
        self._release_at_end()
        return data

    def readinto(self, buffer: bytearray) -> int:
        count: int = self._raw.readinto(buffer)
        self._release_at_end()
        return count

    def stream(self, *given: Any, **named: Any) -> Iterator[bytes]:
        yield from self._raw.stream(*given, **named)
        self._release_at_end()

    def close(self) -> None:
        self._raw.close()
        self._release()

    def _release_at_end(self) -> None:
        if self._raw.closed:
            self._release()


def translate_busy_answer(response_dict: dict[str, Any], **_event: Any) -> None:
    """Make a 429 or 503 without an error of S3 the SlowDown that it means, for boto's event `before-parse`.

    A proxy before the bucket answers with a page or with nothing. boto tries these again too, but a 503 after
    milliseconds, as if a connection had broken. Retry-After counts; boto waits five seconds longer for it at most.
    """
    if response_dict["status_code"] not in SLOW_DOWN_STATUSES:
        return
    headers = response_dict["headers"]
    seconds = headers.get("retry-after", "")
    if seconds.isascii() and seconds.isdecimal():
        headers["x-amz-retry-after"] = str(int(seconds) * 1000)
    if not S3_ERROR.match(response_dict["body"]):
        response_dict["body"] = SLOW_DOWN
