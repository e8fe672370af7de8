"""JPEG: segments, one behind the other. Descriptions are segments of their own, so they are left out losslessly."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from media_core.inspection.photos.metadata import (
    EXIF_MARK,
    exif_tells,
    exif_with,
    iptc_tells,
    orientation_of,
    xmp_tells,
)
from media_core.inspection.verdicts import Unproved

START, END, SCAN, COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
APPS = range(0xE0, 0xF0)
JFIF, EXIF_OR_XMP, PROFILE, PHOTOSHOP = 0xE0, 0xE1, 0xE2, 0xED
XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
# What has to stay for the picture to look the same: size in inches, colours, the colours' form.
KEPT_APPS = ((JFIF, b"JFIF\0"), (PROFILE, b"ICC_PROFILE\0"), (0xEE, b"Adobe"))
# The end of a scan: a marker that is neither a stuffed zero nor a restart.
NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its marker, where it begins, where its content begins, where it ends."""

    marker: int
    start: int
    content: int
    end: int


def segments(data: bytes) -> Iterator[Segment]:
    """Yield the picture's segments, its end included. Raises Unproved when they do not hang together."""
    at = 2
    while marker := NEXT_MARKER.match(data, at):
        kind, content = data[marker.end() - 1], marker.end()
        if kind == END:
            yield Segment(kind, at, content, content)
            return
        end = content + int.from_bytes(data[content : content + 2], "big")
        if kind == SCAN:
            found = NEXT_MARKER.search(data, end)
            end = found.start() if found else len(data) + 1
        if end > len(data):
            break
        yield Segment(kind, at, content + 2, end)
        at = end
    raise Unproved("its segments do not hang together")


def has_more_behind(_data: bytes) -> bool:
    """Say no: cameras put a smaller picture, a depth map or a short film behind a JPEG."""
    return False


def tells_location(data: bytes) -> bool:
    """Return whether the picture says where it was taken, or holds what may."""
    end = 0
    for segment in segments(data):
        if _tells(segment, data[segment.content : segment.end]):
            return True
        end = segment.end
    return bool(data[end:].strip(b"\0\xff"))


def _tells(segment: Segment, content: bytes) -> bool:
    if segment.marker == PHOTOSHOP:
        return iptc_tells(content)
    if segment.marker != EXIF_OR_XMP:
        return False
    if content.startswith(EXIF_MARK):
        return exif_tells(content)
    # The rest of a long XMP packet stands in further segments, cut anywhere.
    return not content.startswith(XMP_MARK) or xmp_tells(content[len(XMP_MARK) :])


def without_descriptions(data: bytes) -> Iterator[bytes]:
    """Yield the same picture, bit by bit, with nothing but what it takes to show it."""
    turned = exif_with(_orientation(data))
    yield data[:2]
    for segment in segments(data):
        if turned and segment.marker != JFIF:
            yield b"\xff\xe1" + (len(turned) + 2).to_bytes(2, "big") + turned
            turned = b""
        if _is_kept(segment, data):
            yield data[segment.start : segment.end]


def _orientation(data: bytes) -> int:
    blocks = (
        data[segment.content : segment.end]
        for segment in segments(data)
        if segment.marker == EXIF_OR_XMP
    )
    return next((orientation_of(block) for block in blocks if block.startswith(EXIF_MARK)), 1)


def _is_kept(segment: Segment, data: bytes) -> bool:
    if segment.marker in APPS:
        return any(
            segment.marker == marker and data.startswith(mark, segment.content)
            for marker, mark in KEPT_APPS
        )
    return segment.marker != COMMENT
