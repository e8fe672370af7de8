"""A client that costs little: few connections that are kept, requests made beforehand, every answer checked."""

import re
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

CONNECTIONS = 4
ANSWER_SECONDS = 60
END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and what its answer must have: the status, and where its Location must begin."""

    request: bytes
    status: bytes = b"302"
    leads_to: bytes = b""


def get(path: str, *, host: str, cookie: str = "", status: int = 302, leads_to: str = "") -> Asked:
    """Return a GET as a proxy in front of us would pass it on."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "X-Forwarded-Proto: https"]
    lines += ["X-Forwarded-For: 192.0.2.1", *([f"Cookie: {cookie}"] if cookie else [])]
    head = "\r\n".join(lines).encode("ascii") + END
    return Asked(head, str(status).encode(), leads_to.encode())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask_all(port: int, asked: Sequence[Asked]) -> None:
    """Ask for everything once, over a few connections at the same time. Raises AssertionError for a wrong answer."""
    parts = [asked[number::CONNECTIONS] for number in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        for _ in threads.map(lambda part: ask(port, part), parts):
            pass


def ask(port: int, asked: Sequence[Asked]) -> None:
    """Ask for one after the other over one connection; over a new one when the server closed it."""
    connection: socket.socket | None = None
    for one in asked:
        connection = connection or socket.create_connection(
            ("127.0.0.1", port), timeout=ANSWER_SECONDS
        )
        connection.sendall(one.request)
        head = answer_of(connection)
        check(one, head)
        if b"\r\nconnection: close" in head.lower():
            connection.close()
            connection = None
    if connection:
        connection.close()


def answer_of(connection: socket.socket) -> bytes:
    """Return the head of the next answer; its body is read and dropped."""
    received = b""
    while END not in received:
        chunk = connection.recv(65536)
        assert chunk, "The server closed the connection without an answer."
        received += chunk
    head, _, body = received.partition(END)
    while not is_whole(head, body):
        chunk = connection.recv(65536)
        assert chunk, "The server closed the connection within an answer."
        body += chunk
    return head


def is_whole(head: bytes, body: bytes) -> bool:
    """Return whether the body is all there: as long as it says, or in chunks of which the last one came."""
    if b"\r\ntransfer-encoding: chunked" in head.lower():
        return body.endswith(b"0" + END)
    length = LENGTH.search(head)
    return len(body) >= (int(length[1]) if length else 0)


def check(asked: Asked, head: bytes) -> None:
    right = head.split(b" ", 2)[1] == asked.status
    # Names of headers come in any case.
    where = next((x for x in head.split(b"\r\n") if x.lower().startswith(b"location:")), b"")
    if not (right and where[10:].startswith(asked.leads_to)):
        shown = head.split(b"?")[0].decode("latin-1")
        wanted = f"{asked.status.decode()} to {asked.leads_to.decode()!r}"
        raise AssertionError(f"{asked.request.splitlines()[0]!r}: wanted {wanted}, got {shown}")
