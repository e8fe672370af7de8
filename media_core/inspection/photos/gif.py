"""GIF: blocks, one behind the other. Those that only describe are left out losslessly."""

from collections.abc import Iterator
from dataclasses import dataclass

from media_core.inspection.photos.metadata import xmp_tells
from media_core.inspection.verdicts import Unproved

HEADER_BYTES = 13
IMAGE, EXTENSION, TRAILER = 0x2C, 0x21, 0x3B
COMMENT, APPLICATION = 0xFE, 0xFF
XMP_MARK = b"XMP DataXMP"
KEPT_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")


@dataclass(frozen=True, slots=True)
class Block:
    """One block: what it is (the label of an extension), where it begins and ends, which application it is of."""

    kind: int
    start: int
    end: int
    application: bytes = b""


def blocks(data: bytes) -> Iterator[Block]:
    """Yield the picture's blocks, the trailer included. Raises Unproved when they do not hang together."""
    at = _behind_colours(data, HEADER_BYTES, data[10] if len(data) > HEADER_BYTES else 0)
    while at < len(data):
        block = _block_at(data, at)
        yield block
        if block.kind == TRAILER:
            return
        at = block.end
    raise Unproved("its blocks do not hang together")


def _block_at(data: bytes, at: int) -> Block:
    if data[at] == TRAILER:
        return Block(TRAILER, at, at + 1)
    if data[at] == EXTENSION and at + 2 < len(data):
        application = data[at + 3 : at + 14] if data[at + 1] == APPLICATION else b""
        return Block(data[at + 1], at, _behind_parts(data, at + 2), application)
    if data[at] == IMAGE and at + 10 < len(data):
        return Block(
            IMAGE, at, _behind_parts(data, _behind_colours(data, at + 10, data[at + 9]) + 1)
        )
    raise Unproved("its blocks do not hang together")


def _behind_colours(data: bytes, at: int, flags: int) -> int:
    """Return where a table of colours ends that these flags tell of."""
    return at + (3 << (flags & 7) + 1 if flags & 0x80 else 0)


def _behind_parts(data: bytes, at: int) -> int:
    """Return where a block's parts end: each says its length, the last one is empty."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def has_more_behind(data: bytes) -> bool:
    return bool(data[max(block.end for block in blocks(data)) :].strip(b"\0"))


def tells_location(data: bytes) -> bool:
    """Return whether the picture says where it was taken, or holds what may."""
    return has_more_behind(data) or any(
        block.application == XMP_MARK and xmp_tells(_text(data[block.start + 14 : block.end]))
        for block in blocks(data)
    )


def _text(packet: bytes) -> bytes:
    """Return an XMP packet without the bytes behind it, which let readers of parts pass over it."""
    return packet[: packet.rfind(b">") + 1]


def without_descriptions(data: bytes) -> Iterator[bytes]:
    """Yield the same picture, bit by bit, with nothing but what it takes to show it."""
    kept = [block for block in blocks(data) if _is_kept(block)]
    first = min(block.start for block in blocks(data))
    yield data[:first]
    for block in kept:
        yield data[block.start : block.end]


def _is_kept(block: Block) -> bool:
    if block.kind == APPLICATION:
        return block.application in KEPT_APPLICATIONS
    return block.kind != COMMENT
