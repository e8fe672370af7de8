"""PNG: chunks, each with its name. A public copy has those that decoding takes, and none of the others."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from media_core.inspection.photos.metadata import (
    MAX_PROFILE_BYTES,
    build_exif,
    read_orientation,
    read_profile,
)
from media_core.inspection.verdicts import MAX_PIECES, OverLimit, Unproved

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What it takes to show the picture, and how many bytes each chunk may have. Once in a file; what is longer goes.
KEPT_ONCE = {
    b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4, b"mDCV": 24,
    b"cLLI": 8, b"sBIT": 4, b"bKGD": 6, b"pHYs": 9, b"acTL": 8, b"IEND": 0,
}  # fmt: skip
PROFILE, EXIF, PIXELS, FRAME, FRAME_PIXELS = b"iCCP", b"eXIf", b"IDAT", b"fcTL", b"fdAT"
FRAME_BYTES = 26
UNPACK_STEP_BYTES = 65_536
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Adam7: where each pass begins and how far it steps, across and down.
PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its name, where it begins and ends, checksum included."""

    name: bytes
    start: int
    end: int

    def read_content(self, data: bytes) -> bytes:
        return data[self.start + 8 : self.end - 4]

    def read_all(self, data: bytes) -> bytes:
        return data[self.start : self.end]


def iterate_chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the picture's chunks, the last one included. Raises Unproved when they do not hang together."""
    at = len(SIGNATURE)
    for _ in range(MAX_PIECES):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            raise Unproved("its chunks do not hang together")
        chunk = Chunk(data[at + 4 : at + 8], at, end)
        yield chunk
        if chunk.name == b"IEND":
            return
        at = end
    raise OverLimit(f"It has more than {MAX_PIECES} parts.")


def has_trailing_data(data: bytes) -> bool:
    return max(chunk.end for chunk in iterate_chunks(data)) < len(data)


def keep_picture(data: bytes) -> Iterator[bytes]:
    """Yield the same picture, bit by bit, with nothing but what it takes to show it."""
    found = list(iterate_chunks(data))
    refuse_more_than_pixels(data, found)
    blocks = (chunk.read_content(data) for chunk in found if chunk.name == EXIF)
    turned = build_exif(next(map(read_orientation, blocks), 1)).removeprefix(b"Exif\0\0")
    seen: set[bytes] = set()
    yield SIGNATURE
    for chunk in found:
        if turned and chunk.name == PIXELS:
            yield build_chunk(EXIF, turned)
            turned = b""
        if chunk.name in {PIXELS, FRAME_PIXELS}:
            yield chunk.read_all(data)
        elif chunk.name == FRAME or chunk.name not in seen:
            seen.add(chunk.name)
            yield _copy_chunk(chunk, data)


def _copy_chunk(chunk: Chunk, data: bytes) -> bytes:
    """Return what stays of a chunk that holds no pixels; empty when that is nothing."""
    if chunk.name == PROFILE:
        return _build_profile(chunk.read_content(data))
    most = FRAME_BYTES if chunk.name == FRAME else KEPT_ONCE.get(chunk.name, -1)
    return (
        build_chunk(chunk.name, chunk.read_content(data))
        if chunk.end - chunk.start - 12 <= most
        else b""
    )


def _build_profile(content: bytes) -> bytes:
    """Return the chunk of a colour profile, without its name and what else the packed data may hold."""
    packed, unpack = content.partition(b"\0")[2][1:], zlib.decompressobj()
    try:
        unpacked = unpack.decompress(packed, MAX_PROFILE_BYTES)
    except zlib.error:
        return b""
    profile = read_profile(unpacked)
    if not (profile and unpack.eof):
        return b""
    is_whole = profile == unpacked
    own = packed[: len(packed) - len(unpack.unused_data)] if is_whole else zlib.compress(profile, 9)
    return build_chunk(PROFILE, b"icc\0\0" + own)


def refuse_more_than_pixels(data: bytes, found: list[Chunk]) -> None:
    """Raise Unproved when the packed pixels of the picture or a frame are followed by something else."""
    head = next((chunk.read_content(data) for chunk in found if chunk.name == b"IHDR"), b"")
    if len(head) != KEPT_ONCE[b"IHDR"] or head[9] not in CHANNELS:
        raise Unproved("its chunks do not hang together")
    still = PixelCounter(head, head[:8])
    frame: PixelCounter | None = None
    for chunk in found:
        if chunk.name == FRAME:
            frame = PixelCounter(head, data[chunk.start + 12 : chunk.start + 20])
        elif chunk.name == PIXELS:
            still.unpack(data, chunk.start + 8, chunk.end - 4)
        elif chunk.name == FRAME_PIXELS:
            if not frame:
                raise Unproved("its chunks do not hang together")
            frame.unpack(data, chunk.start + 12, chunk.end - 4)


class PixelCounter:
    """Packed pixels: unpacked to count them, and forgotten."""

    def __init__(self, head: bytes, size: bytes) -> None:
        self._unpack = zlib.decompressobj()
        self._left = count_unpacked_bytes(
            head, int.from_bytes(size[:4], "big"), int.from_bytes(size[4:], "big")
        )

    def unpack(self, data: bytes, start: int, end: int) -> None:
        try:
            for at in range(start, end, UNPACK_STEP_BYTES):
                part = self._unpack.decompress(data[at : min(at + UNPACK_STEP_BYTES, end)])
                self._left -= len(part)
                if self._left < 0 or self._unpack.unused_data:
                    raise Unproved("something else stands behind its pixels")
        except zlib.error as error:
            raise Unproved("it cannot be decoded to its end") from error


def count_unpacked_bytes(head: bytes, width: int, height: int) -> int:
    """Return how many bytes the pixels have, one for each line included (PNG, 7.2 and 8.1)."""
    bits = head[8] * CHANNELS[head[9]]
    passes = PASSES if head[12] else ((0, 0, 1, 1),)
    sizes = (
        (max(0, -(-(width - x) // across)), max(0, -(-(height - y) // down)))
        for x, y, across, down in passes
    )
    return sum(lines * (1 + -(-columns * bits // 8)) for columns, lines in sizes if columns)


def build_chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk as it is written."""
    checksum = zlib.crc32(name + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + name + content + checksum
