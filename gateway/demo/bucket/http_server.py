"""The HTTP server in front of the layers: HTTP/1.1, a thread for each connection, loopback only.

Request line and headers go on as they came. The log has method, path and outcome; never a query, a
header or a body, where signatures and secrets travel.
"""

import contextlib
import ipaddress
import logging
import re
import secrets
import socket
import sys
from collections.abc import Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from gateway.demo.bucket.fault_layers import AnswerLost
from gateway.demo.bucket.request import Handler, IncomingBody, S3Request, read_request
from gateway.demo.bucket.responses import HTTP_ERROR, Refused, Response

logger = logging.getLogger(__name__)
CODE = re.compile(rb"<Code>(\w+)</Code>")
# Where a query begins, also one that a client has mangled into the path.
QUERY = re.compile("[?&]|%3f|%26|signature", re.IGNORECASE)
DRAIN_SECONDS = 1
DRAIN_BYTES = 64 * 1024
WITHOUT_BODY = frozenset({204, 304})


class NotLoopback(ValueError):
    """The embedded bucket is a development tool and listens on loopback addresses only."""

    def __str__(self) -> str:
        return f"{self.__doc__} Refused: {self.args[0]}"


class BucketServer(ThreadingMixIn, TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, answer: Handler, *, domains: Iterable[str]) -> None:
        if not _is_loopback(host):
            raise NotLoopback(host)
        self.answer = answer
        self.domains = tuple(domain.lower() for domain in domains)
        super().__init__((host, port), Connection)

    @property
    def url(self) -> str:
        """Where the server listens; the port is known even when any free one was asked for."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what went wrong in a connection; a client that hangs up is not worth a line."""
        if not isinstance(sys.exc_info()[1], OSError):
            logger.exception("A request failed.")


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    # Head and body of an answer leave in one piece.
    wbufsize = 64 * 1024
    server: BucketServer

    def serve(self) -> None:
        """Answer one request of the connection."""
        body = IncomingBody(self.rfile, self._read_length(), self._send_continue)
        try:
            response = self._answer(body)
        except AnswerLost:
            self.close_connection = True
            return
        self._finish_body(body)
        self._log(response)
        self._send(response)
        if self.close_connection:
            self._drain_connection()

    do_GET = do_HEAD = do_PUT = do_POST = serve  # noqa: N815  # the names http.server looks for
    do_DELETE = do_OPTIONS = serve  # noqa: N815  # the names http.server looks for

    def _answer(self, body: IncomingBody) -> Response:
        try:
            request = self._read_request(body)
            return self.server.answer(request)
        except Refused as refused:
            return refused.build_response()

    def _read_request(self, body: IncomingBody) -> S3Request:
        # What http.server could not read as a header, it leaves as a payload.
        if self.headers.get_payload() or (body.length is None and "content-length" in self.headers):
            raise Refused("InvalidRequest", "The headers could not be read.")
        lines, domains = self.headers.items(), self.server.domains
        return read_request(self.command, self._get_target(), lines, body=body, domains=domains)

    def _get_target(self) -> str:
        """Return the target as it was sent; `self.path` has lost a leading slash of `//`."""
        return self.requestline.split()[1]

    def _read_length(self) -> int | None:
        """Return how many bytes follow, None when that is not said in one clear way."""
        lengths = self.headers.get_all("content-length", [])
        clear = len(lengths) == 1 and "transfer-encoding" not in self.headers
        return int(lengths[0]) if clear and re.fullmatch("[0-9]{1,18}", lengths[0]) else None

    def _expects_continue(self) -> bool:
        return str(self.headers.get("expect", "")).lower() == "100-continue"

    def handle_expect_100(self) -> bool:
        """Wait: who is refused by the headers need not send the body."""
        return True

    def _send_continue(self) -> None:
        if self._expects_continue():
            self.send_response_only(HTTPStatus.CONTINUE)
            self.end_headers()
            self.wfile.flush()

    def _finish_body(self, body: IncomingBody) -> None:
        """Bring the connection to the start of the next request, or mark it as the last one."""
        announced = "content-length" in self.headers or "transfer-encoding" in self.headers
        unclear = body.length is None and announced
        if unclear or (body.left and body.left == body.length and self._expects_continue()):
            self.close_connection = True
            return
        body.drain()
        self.close_connection = self.close_connection or body.left > 0

    def _log(self, response: Response) -> None:
        path = QUERY.split(self._get_target())[0]
        code = CODE.search(response.body) if response.status >= HTTP_ERROR else None
        outcome = code[1].decode() if code else "-"
        logger.info("%s %s %d %s", self.command, path, response.status, outcome)

    def _drain_connection(self) -> None:
        """Take what the client still sends: closing on it would destroy the answer on its way."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(DRAIN_SECONDS)
            while self.connection.recv(DRAIN_BYTES):
                pass

    def _send(self, response: Response) -> None:
        with_body = self.command != "HEAD" and response.status not in WITHOUT_BODY
        length = (
            str(len(response.body)) if with_body else response.get_header("Content-Length") or "0"
        )
        date = response.get_header("Date") or self.date_time_string()
        request_id = f"tx{secrets.token_hex(8)}"
        headers = response.replace_headers({"Date": date, "x-amz-request-id": request_id})
        if response.status not in WITHOUT_BODY:
            headers = headers.replace_headers({"Content-Length": length})
        self.send_response_only(response.status)
        self.send_header("Server", self.version_string())
        for name, value in headers.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if with_body:
            self.wfile.write(response.body)
        self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server could not read, in XML like everything else."""
        self.close_connection = True
        unknown_method = code == HTTPStatus.NOT_IMPLEMENTED
        self._send(
            Refused("MethodNotAllowed" if unknown_method else "InvalidRequest").build_response()
        )

    def version_string(self) -> str:
        return "embedded-bucket"

    def log_message(self, *_: object) -> None:
        """Keep http.server quiet: its lines hold queries."""


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False
