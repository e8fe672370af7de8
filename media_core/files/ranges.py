"""The part of a file that a Range header asks for (RFC 9110, section 14). One part at a time, whatever is asked."""

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import IO

from tenants.errors import GatewayError

# "bytes=5-9", "bytes=5-" or "bytes=-5". Whoever asks for several parts gets the whole file: many small ones of a
# large file would be a cheap way to make us work.
ONE_PART = re.compile(r"bytes=(?P<first>[0-9]{0,19})-(?P<last>[0-9]{0,19})", re.IGNORECASE)


class RangeRefused(GatewayError):
    """The file does not have the part that was asked for."""

    # By its number: Python 3.13 calls it otherwise.
    status = HTTPStatus(416)


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from the first to the last one, both of them included."""

    first: int
    last: int

    @property
    def size_bytes(self) -> int:
        return self.last - self.first + 1


def asked_span(header: str, size_bytes: int) -> Span | None:
    """Return the part that is asked for, or None for the whole file. Raises RangeRefused.

    >>> asked_span("bytes=2-4", 10), asked_span("bytes=-3", 10), asked_span("bytes=8-99", 10)
    (Span(first=2, last=4), Span(first=7, last=9), Span(first=8, last=9))
    >>> asked_span("bytes=0-1,3-4", 10), asked_span("pages=1-2", 10), asked_span("bytes=4-2", 10)
    (None, None, None)
    """
    found = ONE_PART.fullmatch(header.strip())
    if found is None or found["first"] == found["last"] == "":
        return None
    span = _from_the_end(found, size_bytes) if not found["first"] else _between(found, size_bytes)
    if span is not None and not 0 <= span.first <= span.last:
        raise RangeRefused(f"{header} of {size_bytes} bytes.")
    return span


def _from_the_end(found: "re.Match[str]", size_bytes: int) -> Span:
    return Span(max(0, size_bytes - int(found["last"])), size_bytes - 1)


def _between(found: "re.Match[str]", size_bytes: int) -> Span | None:
    first, last = int(found["first"]), int(found["last"] or size_bytes - 1)
    if found["last"] and last < first:
        return None
    return Span(first, min(last, size_bytes - 1))


def is_still_the_same(if_range: str, *, etag: str, modified: int) -> bool:
    """Return whether the part continues what the client has (If-Range); an empty header asks for nothing."""
    if not if_range or if_range == etag:
        return True
    try:
        return int(parsedate_to_datetime(if_range).timestamp()) == modified
    except (ValueError, OverflowError):
        return False


class Part:
    """A file that begins and ends where the span does. Closing it closes the file."""

    def __init__(self, file: IO[bytes], span: Span) -> None:
        self.file = file
        self.left_bytes = span.size_bytes
        file.seek(span.first)

    def read(self, size_bytes: int = -1) -> bytes:
        wanted = self.left_bytes if size_bytes < 0 else min(size_bytes, self.left_bytes)
        chunk = self.file.read(wanted)
        self.left_bytes -= len(chunk)
        return chunk

    def close(self) -> None:
        self.file.close()
