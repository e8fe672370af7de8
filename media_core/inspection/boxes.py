"""The boxes of which MP4, QuickTime and AVIF files consist (ISO 14496-12). Plain Python."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from media_core.inspection.verdicts import OverLimit, Unproved

MAX_BOXES = 100_000
HEADER_BYTES = 8
LARGE_HEADER_BYTES = 16
MAX_BRANDS_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, where its content begins and where it ends."""

    kind: bytes
    start: int
    end: int


def iterate_boxes(file: IO[bytes], start: int, end: int) -> Iterator[Box]:
    """Yield the boxes that fill a range exactly. Raises Unproved when they do not, OverLimit for too many."""
    for _ in range(MAX_BOXES):
        if start == end:
            return
        box = _read_box(file, start, end)
        yield box
        start = box.end
    raise OverLimit(f"It has more than {MAX_BOXES} parts.")


def _read_box(file: IO[bytes], start: int, end: int) -> Box:
    file.seek(start)
    header = file.read(LARGE_HEADER_BYTES)
    if len(header) < HEADER_BYTES or not header[4:8].strip(b" \xa9").isalnum():
        raise Unproved("its parts do not fill it")
    size, content = struct.unpack_from(">I", header)[0], start + HEADER_BYTES
    if size == 1 and len(header) == LARGE_HEADER_BYTES:
        size, content = struct.unpack_from(">Q", header, 8)[0], start + LARGE_HEADER_BYTES
    stop = start + size if size else end
    if not content <= stop <= end:
        raise Unproved("it ends too early")
    return Box(header[4:8], content, stop)


def list_top_boxes(file: IO[bytes]) -> list[Box]:
    """Return the boxes of a whole file, the type box first."""
    found = list(iterate_boxes(file, 0, file.seek(0, 2)))
    if not found or found[0].kind != b"ftyp":
        raise Unproved("it does not begin like one")
    return found


def read_brands(file: IO[bytes], box: Box) -> set[bytes]:
    """Return what a type box says that the file is compatible with, its own brand included."""
    file.seek(box.start)
    said = file.read(min(box.end - box.start, MAX_BRANDS_BYTES))
    return {said[at : at + 4] for at in range(0, len(said), 4) if at != 4}  # noqa: PLR2004 - a version is no brand
