"""The part of a file that a Range header asks for (RFC 9110, section 14). One part at a time, whatever is asked."""

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import IO

from tenants.errors import GatewayError

# "bytes=5-9", "bytes=5-" or "bytes=-5". Whoever asks for several parts gets the whole file: many small ones of a
# large file would be a cheap way to make us work.
SINGLE_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,19})-(?P<last>[0-9]{0,19})", re.IGNORECASE)


class RangeRefused(GatewayError):
    """The file does not have the part that was asked for."""

    # By its number: Python 3.13 calls it otherwise.
    status = HTTPStatus(416)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from the first to the last one, both of them included."""

    first: int
    last: int

    @property
    def size_bytes(self) -> int:
        return self.last - self.first + 1


def parse_range(header: str, size_bytes: int) -> ByteRange | None:
    """Return the part that is asked for, or None for the whole file. Raises RangeRefused.

    >>> parse_range("bytes=2-4", 10), parse_range("bytes=-3", 10), parse_range("bytes=8-99", 10)
    (ByteRange(first=2, last=4), ByteRange(first=7, last=9), ByteRange(first=8, last=9))
    >>> parse_range("bytes=0-1,3-4", 10), parse_range("pages=1-2", 10), parse_range("bytes=4-2", 10)
    (None, None, None)
    """
    found = SINGLE_RANGE.fullmatch(header.strip())
    if found is None or found["first"] == found["last"] == "":
        return None
    span = (
        _make_suffix_range(found, size_bytes)
        if not found["first"]
        else _make_bounded_range(found, size_bytes)
    )
    if span is not None and not 0 <= span.first <= span.last:
        raise RangeRefused(f"{header} of {size_bytes} bytes.")
    return span


def _make_suffix_range(found: "re.Match[str]", size_bytes: int) -> ByteRange:
    return ByteRange(max(0, size_bytes - int(found["last"])), size_bytes - 1)


def _make_bounded_range(found: "re.Match[str]", size_bytes: int) -> ByteRange | None:
    first, last = int(found["first"]), int(found["last"] or size_bytes - 1)
    if found["last"] and last < first:
        return None
    return ByteRange(first, min(last, size_bytes - 1))


def is_unchanged(if_range: str, *, etag: str, modified: int) -> bool:
    """Return whether the part continues what the client has (If-Range); an empty header asks for nothing."""
    if not if_range or if_range == etag:
        return True
    try:
        return int(parsedate_to_datetime(if_range).timestamp()) == modified
    except (ValueError, OverflowError):
        return False


class FileSlice:
    """A file that begins and ends where the span does. Closing it closes the file."""

    def __init__(self, file: IO[bytes], span: ByteRange) -> None:
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
