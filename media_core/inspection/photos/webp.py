"""WebP: chunks in a RIFF container. Those that only describe are left out losslessly."""

from collections.abc import Iterator
from dataclasses import dataclass

from media_core.inspection.photos.metadata import exif_tells, exif_with, orientation_of, xmp_tells
from media_core.inspection.verdicts import Unproved

# What it takes to show the picture and its frames.
KEPT = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
HAS_EXIF, HAS_XMP = 0x08, 0x04
HEADER_BYTES = 12


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its name, where its content begins and ends."""

    name: bytes
    start: int
    end: int


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the picture's chunks. Raises Unproved when they do not fill what the container says."""
    at, end = HEADER_BYTES, container_end(data)
    while at < end:
        stop = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 > end or stop > end:
            raise Unproved("its chunks do not hang together")
        yield Chunk(data[at : at + 4], at + 8, stop)
        at = stop + stop % 2


def container_end(data: bytes) -> int:
    return 8 + int.from_bytes(data[4:8], "little")


def has_more_behind(data: bytes) -> bool:
    end = container_end(data)
    return bool(data[end + end % 2 :])


def tells_location(data: bytes) -> bool:
    """Return whether the picture says where it was taken, or holds what may."""
    return has_more_behind(data) or any(
        (chunk.name == b"EXIF" and exif_tells(data[chunk.start : chunk.end]))
        or (chunk.name == b"XMP " and xmp_tells(data[chunk.start : chunk.end]))
        for chunk in chunks(data)
    )


def without_descriptions(data: bytes) -> Iterator[bytes]:
    """Yield the same picture, bit by bit, with nothing but what it takes to show it."""
    blocks = (data[chunk.start : chunk.end] for chunk in chunks(data) if chunk.name == b"EXIF")
    turned = exif_with(next(map(orientation_of, blocks), 1)).removeprefix(b"Exif\0\0")
    kept = [
        _kept(chunk, data, HAS_EXIF if turned else 0)
        for chunk in chunks(data)
        if chunk.name in KEPT
    ]
    if turned:
        kept.append(written(b"EXIF", turned))
    yield b"RIFF" + (4 + sum(map(len, kept))).to_bytes(4, "little") + b"WEBP"
    yield from kept


def _kept(chunk: Chunk, data: bytes, has_exif: int) -> bytes:
    content = data[chunk.start : chunk.end]
    if chunk.name == b"VP8X":
        content = bytes([content[0] & ~(HAS_EXIF | HAS_XMP) | has_exif]) + content[1:]
    return written(chunk.name, content)


def written(name: bytes, content: bytes) -> bytes:
    """Return a chunk as it is written."""
    return name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)
