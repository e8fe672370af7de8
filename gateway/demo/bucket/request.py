"""One request, read once: what the layers check is what the store will do.

Path and query are decoded here, from the bytes the client sent, and nowhere else. Signatures are
computed over this reading and moto receives this reading, so the two cannot differ.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import unquote_to_bytes

from gateway.demo.bucket.fault_injection import Fault
from gateway.demo.bucket.responses import Refused, Response
from gateway.demo.bucket.s3_operations import identify_operation

BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+")
# Twice the same of these would leave open which one was checked and which one obeyed.
SINGLE_HEADERS = frozenset(
    {
        "authorization",
        "content-length",
        "content-md5",
        "content-type",
        "date",
        "host",
        "x-amz-content-sha256",
        "x-amz-date",
    }
)
DRAIN_CHUNK_BYTES = 1024 * 1024


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Headers:
    """The header lines in the order they came, names in lower case."""

    lines: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        """Return the value, several joined by a comma, empty when there is none."""
        return ",".join(value.strip(" \t") for known, value in self.lines if known == name)

    def list_names(self, start: str = "") -> list[str]:
        """Return each name that begins with `start` once, sorted."""
        return sorted({name for name, _ in self.lines if name.startswith(start)})

    def exclude(self, names: Iterable[str]) -> "Headers":
        """Return the other header lines."""
        left_out = frozenset(names)
        return Headers(tuple(line for line in self.lines if line[0] not in left_out))


@dataclass
class IncomingBody:
    """The bytes the client sends, taken from the connection when a layer wants them."""

    stream: Readable
    length: int | None
    send_continue: Callable[[], None] = lambda: None
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.length or 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, empty at the end."""
        if self.left == (self.length or 0):
            self.send_continue()
        wanted = min(size, self.left)
        received = self.stream.read(wanted) if wanted else b""
        if len(received) < wanted:
            raise Refused("RequestTimeout")
        self.left -= len(received)
        return received

    def drain(self) -> None:
        """Read what is left and drop it, as long as the client sends."""
        while self.left and (received := self.stream.read(min(self.left, DRAIN_CHUNK_BYTES))):
            self.left -= len(received)

    def read_all(self) -> bytes:
        """Return what is left, in one piece of memory."""
        return self.read(self.left)


@dataclass(frozen=True)
class S3Request:
    method: str
    raw_path: str
    bucket: str
    key: str
    virtual: bool
    query: tuple[tuple[str, str], ...]
    headers: Headers
    body: IncomingBody
    operation: str
    content: bytes = b""
    asker: str = ""
    signed_headers: frozenset[str] | None = None
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    faults: Mapping[str, Fault] = field(default_factory=dict)

    @property
    def is_anonymous(self) -> bool:
        return not self.asker

    @property
    def copy_source(self) -> tuple[str, str]:
        """Return bucket and key of `x-amz-copy-source`."""
        path, _, _ = self.headers.get("x-amz-copy-source").partition("?")
        bucket, _, key = _decode(path.removeprefix("/")).partition("/")
        if not bucket or not key:
            raise Refused("InvalidArgument", "x-amz-copy-source is not BUCKET/KEY.")
        return bucket, key

    def get_parameter(self, name: str) -> str:
        """Return the first value of a query parameter, empty when there is none."""
        return next((value for known, value in self.query if known == name), "")


Handler = Callable[[S3Request], Response]


def read_request(
    method: str,
    target: str,
    lines: Iterable[tuple[str, str]],
    *,
    body: IncomingBody,
    domains: Iterable[str],
) -> S3Request:
    """Return what request line and headers say, or refuse what can be read in two ways."""
    headers = Headers(tuple((name.lower(), value) for name, value in lines))
    _refuse_ambiguous(headers)
    raw_path, _, raw_query = target.partition("?")
    bucket, key, virtual = _parse_address(headers.get("host"), raw_path, domains)
    query = _parse_query(raw_query)
    copies = "x-amz-copy-source" in headers.list_names()
    operation = identify_operation(method, bucket, key, query=query, copies=copies)
    return S3Request(method, raw_path, bucket, key, virtual, query, headers, body, operation)


def _refuse_ambiguous(headers: Headers) -> None:
    if any(character in value for _, value in headers.lines for character in "\r\n\0"):
        raise Refused("InvalidRequest", "A header holds control characters.")
    names = [name for name, _ in headers.lines if name in SINGLE_HEADERS]
    if len(names) != len(set(names)):
        raise Refused("InvalidRequest", "A header that may come once came twice.")


def _parse_address(host: str, raw_path: str, domains: Iterable[str]) -> tuple[str, str, bool]:
    """Return bucket, key and whether the bucket stood in the host name.

    A host that is none of ours is refused: a page elsewhere may not reach the store through a name
    of its own.
    """
    if not raw_path.startswith("/"):
        raise Refused("InvalidURI", "The request line holds no path.")
    path = _decode(raw_path)[1:]
    name = host.lower().rpartition(":")[0] if re.search(r":\d+$", host) else host.lower()
    if LOOPBACK.fullmatch(name) or name in domains:
        bucket, _, key = path.partition("/")
        return _validate_bucket(bucket, key), key, False
    for domain in sorted(domains, key=len, reverse=True):
        if name.endswith(f".{domain}"):
            return _validate_bucket(name.removesuffix(f".{domain}"), path), path, True
    raise Refused("InvalidRequest", "The Host header names no host of this store.")


def _validate_bucket(bucket: str, key: str) -> str:
    if (bucket or key) and not BUCKET_NAME.fullmatch(bucket):
        raise Refused("InvalidBucketName")
    return bucket


def _parse_query(raw: str) -> tuple[tuple[str, str], ...]:
    """Return the decoded pairs; a plus sign stays one, as in the canonical query of SigV4."""
    parts = [part.partition("=") for part in raw.split("&") if part]
    return tuple((_decode(name), _decode(value)) for name, _, value in parts)


def _decode(text: str) -> str:
    try:
        return unquote_to_bytes(text.encode("ascii")).decode()
    except UnicodeError:
        raise Refused("InvalidURI", "The URI is not UTF-8.") from None
