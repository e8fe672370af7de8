"""PNG: chunks, each with its name. Those that only describe are left out losslessly."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from media_core.inspection.photos.metadata import exif_tells, exif_with, orientation_of, xmp_tells
from media_core.inspection.verdicts import Unproved

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp"
PLACES = re.compile(rb"raw profile type (?!icc)|gps|location|geo|xmp|exif|iptc", re.IGNORECASE)
# What it takes to show the picture and its frames.
KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV",
     b"cLLI", b"sBIT", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its name, where it begins and ends, checksum included."""

    name: bytes
    start: int
    end: int

    def content(self, data: bytes) -> bytes:
        return data[self.start + 8 : self.end - 4]


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the picture's chunks, the last one included. Raises Unproved when they do not hang together."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            break
        chunk = Chunk(data[at + 4 : at + 8], at, end)
        yield chunk
        if chunk.name == b"IEND":
            return
        at = end
    raise Unproved("its chunks do not hang together")


def has_more_behind(data: bytes) -> bool:
    return max(chunk.end for chunk in chunks(data)) < len(data)


def tells_location(data: bytes) -> bool:
    """Return whether the picture says where it was taken, or holds what may."""
    return has_more_behind(data) or any(
        _tells(chunk.name, chunk.content(data)) for chunk in chunks(data)
    )


def _tells(name: bytes, content: bytes) -> bool:
    if name == b"eXIf":
        return exif_tells(content)
    if name not in {b"tEXt", b"zTXt", b"iTXt"}:
        return False
    keyword, _, rest = content.partition(b"\0")
    if keyword == XMP_KEYWORD and name == b"iTXt":
        # Compressed, it is not read: then it may say anything. Two languages stand before the text.
        return rest[:1] != b"\0" or xmp_tells(rest[2:].split(b"\0", 2)[-1])
    return bool(PLACES.search(keyword))


def without_descriptions(data: bytes) -> Iterator[bytes]:
    """Yield the same picture, bit by bit, with nothing but what it takes to show it."""
    turned = exif_with(_orientation(data)).removeprefix(b"Exif\0\0")
    yield SIGNATURE
    for chunk in chunks(data):
        if turned and chunk.name == b"IDAT":
            yield written(b"eXIf", turned)
            turned = b""
        if chunk.name in KEPT:
            yield data[chunk.start : chunk.end]


def _orientation(data: bytes) -> int:
    blocks = (chunk.content(data) for chunk in chunks(data) if chunk.name == b"eXIf")
    return next(map(orientation_of, blocks), 1)


def written(name: bytes, content: bytes) -> bytes:
    """Return a chunk as it is written."""
    checksum = zlib.crc32(name + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + name + content + checksum
