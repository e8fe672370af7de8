"""JPEG: segments, one behind the other. A public copy has those that decoding takes, and none of the others."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from media_core.inspection.photos.metadata import (
    EXIF_MARK,
    build_exif,
    read_orientation,
    read_profile,
)
from media_core.inspection.verdicts import MAX_PIECES, OverLimit, Unproved

END, SCAN = 0xD9, 0xDA
JFIF, EXIF, PROFILE, ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
JFIF_MARK, PROFILE_MARK, ADOBE_MARK = b"JFIF\0", b"ICC_PROFILE\0", b"Adobe"
# Both say how the colours are coded. Behind this much, JFIF may have a small picture, the other one anything.
JFIF_BYTES, ADOBE_BYTES = 12, 12
# Huffman's tables, arithmetic conditioning, quantization, the distance of restarts.
TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDD})
# C8 is reserved.
FRAMES = frozenset(range(0xC0, 0xD0)) - TABLES - {0xC8}
PICTURE = TABLES | FRAMES | {SCAN, END}
# Any number of bytes FF may stand before a marker. Those excepted here have no length, and no place between segments.
MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd8\xff])")
# The end of a scan: a marker that is neither a stuffed zero nor a restart.
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
MAX_PROFILE_PARTS = 255
PROFILE_PART_BYTES = 65_519


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its marker, where it begins, where its content begins, where it ends."""

    marker: int
    start: int
    content: int
    end: int


def iterate_segments(data: bytes) -> Iterator[Segment]:
    """Yield the picture's segments, its end included. Raises Unproved when they do not hang together."""
    at = 2
    for _ in range(MAX_PIECES):
        marker = MARKER.match(data, at)
        if not marker:
            raise Unproved("its segments do not hang together")
        segment = _read_segment(data, marker.end())
        if segment.end > len(data):
            raise Unproved("its segments do not hang together")
        yield segment
        if segment.marker == END:
            return
        at = segment.end
    raise OverLimit(f"It has more than {MAX_PIECES} parts.")


def _read_segment(data: bytes, at: int) -> Segment:
    marker = data[at - 1]
    if marker == END:
        return Segment(marker, at - 2, at, at)
    end = at + max(2, int.from_bytes(data[at : at + 2], "big"))
    if marker == SCAN:
        found = NEXT_MARKER.search(data, end)
        end = found.start() if found else len(data) + 1
    return Segment(marker, at - 2, at + 2, end)


def has_trailing_data(_data: bytes) -> bool:
    """Say no: cameras put a smaller picture, a depth map or a short film behind a JPEG."""
    return False


def keep_picture(data: bytes) -> Iterator[bytes]:
    """Yield the same picture, bit by bit, with nothing but what it takes to show it."""
    found = list(iterate_segments(data))
    yield data[:2]
    yield from _build_descriptions(data, found)
    for segment in found:
        if segment.marker in PICTURE:
            yield data[segment.start : segment.end]


def _build_descriptions(data: bytes, found: list[Segment]) -> Iterator[bytes]:
    """Yield anew what says how to show the picture: its pixels per inch, its turn, its colours."""
    for content in find_contents(data, found, JFIF, JFIF_MARK)[-1:]:
        if len(content) >= JFIF_BYTES + 2:
            yield build_segment(JFIF, content[:JFIF_BYTES] + b"\0\0")
    for block in find_contents(data, found, EXIF, EXIF_MARK)[:1]:
        if turned := build_exif(read_orientation(block)):
            yield build_segment(EXIF, turned)
    yield from _build_profile(find_contents(data, found, PROFILE, PROFILE_MARK))
    for content in find_contents(data, found, ADOBE, ADOBE_MARK)[-1:]:
        if len(content) >= ADOBE_BYTES:
            yield build_segment(ADOBE, content[:ADOBE_BYTES])


def find_contents(data: bytes, found: list[Segment], marker: int, mark: bytes) -> list[bytes]:
    """Return what stands in the segments of one kind."""
    return [
        data[segment.content : segment.end]
        for segment in found
        if segment.marker == marker and data.startswith(mark, segment.content)
    ]


def _build_profile(parts: list[bytes]) -> Iterator[bytes]:
    """Yield the colour profile again, whose numbered parts may stand in any order."""
    head = len(PROFILE_MARK) + 2
    if (
        not parts
        or len(parts) > MAX_PROFILE_PARTS
        or parts[0][head - 1 : head] != bytes([len(parts)])
    ):
        return
    profile = read_profile(
        b"".join(part[head:] for part in sorted(parts, key=lambda part: part[:head]))
    )
    starts = range(0, len(profile), PROFILE_PART_BYTES)
    for number, start in enumerate(starts, 1):
        numbered = PROFILE_MARK + bytes([number, len(starts)])
        yield build_segment(PROFILE, numbered + profile[start : start + PROFILE_PART_BYTES])


def build_segment(marker: int, content: bytes) -> bytes:
    """Return a segment as it is written."""
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content
