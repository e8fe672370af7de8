"""GIF: blocks, one behind the other. A public copy has those that decoding takes, and none of the others."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from media_core.inspection.photos.metadata import MAX_PROFILE_BYTES, read_profile
from media_core.inspection.verdicts import MAX_PIECES, OverLimit, Unproved

HEADER_BYTES = 13
IMAGE, EXTENSION, TRAILER = 0x2C, 0x21, 0x3B
# How the next image is shown: how long, and what of it is transparent.
CONTROL, APPLICATION = 0xF9, 0xFF
CONTROL_BYTES = 4
# How often an animation is shown: both say it the same way.
LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
LOOP_BYTES = 3
PROFILE = b"ICCRGBG1012"
APPLICATION_BYTES = 11
PART_BYTES = 255


@dataclass(frozen=True, slots=True)
class Block:
    """One block: what it is, where it begins, where its parts do, where it ends, and the label of an extension."""

    kind: int
    start: int
    parts: int
    end: int
    label: int = 0

    def iterate_contents(self, data: bytes) -> Iterator[bytes]:
        """Yield the parts of the block: each says its length, the last one is empty."""
        at = self.parts
        while data[at]:
            yield data[at + 1 : at + 1 + data[at]]
            at += 1 + data[at]


def iterate_blocks(data: bytes) -> Iterator[Block]:
    """Yield the picture's blocks, the trailer included. Raises Unproved when they do not hang together."""
    at = _find_colours_end(data, HEADER_BYTES, data[10] if len(data) > HEADER_BYTES else 0)
    for _ in range(MAX_PIECES):
        block = _read_block(data, at)
        if block.end > len(data):
            break
        yield block
        if block.kind == TRAILER:
            return
        at = block.end
    else:
        raise OverLimit(f"It has more than {MAX_PIECES} parts.")
    raise Unproved("its blocks do not hang together")


def _read_block(data: bytes, at: int) -> Block:
    kind = data[at : at + 1]
    if kind == bytes([TRAILER]):
        return Block(TRAILER, at, at, at + 1)
    if kind == bytes([EXTENSION]) and at + 2 < len(data):
        return Block(EXTENSION, at, at + 2, _find_parts_end(data, at + 2), data[at + 1])
    if kind == bytes([IMAGE]) and at + 10 < len(data):
        parts = _find_colours_end(data, at + 10, data[at + 9]) + 1
        return Block(IMAGE, at, parts, _find_parts_end(data, parts))
    raise Unproved("its blocks do not hang together")


def _find_colours_end(data: bytes, at: int, flags: int) -> int:
    """Return where a table of colours ends that these flags tell of."""
    return at + (3 << (flags & 7) + 1 if flags & 0x80 else 0)


def _find_parts_end(data: bytes, at: int) -> int:
    """Return where a block's parts end."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def has_trailing_data(data: bytes) -> bool:
    return bool(data[max(block.end for block in iterate_blocks(data)) :].strip(b"\0"))


def keep_picture(data: bytes) -> Iterator[bytes]:
    """Yield the same picture, bit by bit, with nothing but what it takes to show it."""
    found = list(iterate_blocks(data))
    yield data[: found[0].start]
    for block in found:
        yield (
            data[block.start : block.end]
            if block.kind in {IMAGE, TRAILER}
            else _copy_extension(block, data)
        )


def _copy_extension(block: Block, data: bytes) -> bytes:
    """Return what stays of an extension; empty when that is nothing."""
    if block.label == CONTROL:
        return build_extension(CONTROL, next(block.iterate_contents(data), b"")[:CONTROL_BYTES])
    name = data[block.parts + 1 : block.parts + 1 + APPLICATION_BYTES]
    if block.label != APPLICATION or data[block.parts] != APPLICATION_BYTES:
        return b""
    if name in LOOPS:
        return _build_loop(name, islice(block.iterate_contents(data), 1, 2))
    if name == PROFILE:
        most = MAX_PROFILE_BYTES // PART_BYTES
        profile = read_profile(b"".join(islice(block.iterate_contents(data), 1, most)))
        parts = (profile[at : at + PART_BYTES] for at in range(0, len(profile), PART_BYTES))
        return build_extension(APPLICATION, name, *parts) if profile else b""
    return b""


def _build_loop(name: bytes, said: Iterator[bytes]) -> bytes:
    """Return the extension that says how often an animation is shown."""
    counts = [
        content[:LOOP_BYTES] for content in said if content[0] == 1 and len(content) >= LOOP_BYTES
    ]
    return build_extension(APPLICATION, name, *counts) if counts else b""


def build_extension(label: int, *contents: bytes) -> bytes:
    """Return an extension as it is written."""
    parts = b"".join(bytes([len(content)]) + content for content in contents)
    return bytes([EXTENSION, label]) + parts + b"\0"
