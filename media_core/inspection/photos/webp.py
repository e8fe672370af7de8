"""WebP: chunks in a RIFF container. A public copy has those that decoding takes, and none of the others."""

from collections.abc import Iterator
from dataclasses import dataclass

from media_core.inspection.photos.metadata import build_exif, read_orientation, read_profile
from media_core.inspection.verdicts import MAX_PIECES, OverLimit, Unproved

HAS_EXIF, HAS_XMP, HAS_PROFILE = 0x08, 0x04, 0x20
HEADER_BYTES, FEATURES_BYTES, ANIMATION_BYTES, FRAME_BYTES = 12, 10, 6, 16
FEATURES, PROFILE, ANIMATION, FRAME, EXIF = b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"EXIF"
PIXELS = frozenset({b"VP8 ", b"VP8L", b"ALPH"})


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its name, where its content begins and ends."""

    name: bytes
    start: int
    end: int

    def read_content(self, data: bytes) -> bytes:
        return data[self.start : self.end]


def iterate_chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the picture's chunks. Raises Unproved when they do not fill what the container says."""
    end = find_container_end(data)
    if not (data.startswith(b"RIFF") and data[8:12] == b"WEBP" and HEADER_BYTES < end <= len(data)):
        raise Unproved("its container says another length than it has")
    return iterate_chunks_between(data, HEADER_BYTES, end)


def iterate_chunks_between(data: bytes, at: int, end: int) -> Iterator[Chunk]:
    """Yield the chunks that fill a range. Raises Unproved when they do not, OverLimit for too many."""
    for _ in range(MAX_PIECES):
        if at >= end:
            return
        stop = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 > end or stop > end:
            raise Unproved("its chunks do not hang together")
        yield Chunk(data[at : at + 4], at + 8, stop)
        at = stop + stop % 2
    raise OverLimit(f"It has more than {MAX_PIECES} parts.")


def find_container_end(data: bytes) -> int:
    return 8 + int.from_bytes(data[4:8], "little")


def has_trailing_data(data: bytes) -> bool:
    end = find_container_end(data)
    return bool(data[end + end % 2 :])


def keep_picture(data: bytes) -> Iterator[bytes]:
    """Yield the same picture, bit by bit, with nothing but what it takes to show it."""
    found = list(iterate_chunks(data))
    blocks = (chunk.read_content(data) for chunk in found if chunk.name == EXIF)
    turned = build_exif(next(map(read_orientation, blocks), 1)).removeprefix(b"Exif\0\0")
    kept: list[bytes] = []
    # An animation has its pixels in its frames, and only an animation says how often it is shown.
    is_animated = any(chunk.name == FRAME for chunk in found)
    seen = set(PIXELS) if is_animated else {ANIMATION}
    for chunk in found:
        if chunk.name == FRAME or chunk.name not in seen:
            seen.add(chunk.name)
            kept.append(_copy_chunk(chunk, data))
    if turned:
        kept.append(build_chunk(EXIF, turned))
    yield b"RIFF" + (4 + sum(map(len, kept))).to_bytes(4, "little") + b"WEBP"
    yield from _update_features(kept, turned=bool(turned))


def _copy_chunk(chunk: Chunk, data: bytes) -> bytes:
    """Return what stays of a chunk; empty when that is nothing."""
    if chunk.name in PIXELS:
        return build_chunk(chunk.name, chunk.read_content(data))
    if chunk.name == FRAME:
        return build_chunk(FRAME, _copy_frame(chunk, data))
    if chunk.name == PROFILE:
        profile = read_profile(chunk.read_content(data))
        return build_chunk(PROFILE, profile) if profile else b""
    fixed = {FEATURES: FEATURES_BYTES, ANIMATION: ANIMATION_BYTES}.get(chunk.name)
    if not fixed:
        return b""
    if chunk.end - chunk.start < fixed:
        raise Unproved("its chunks do not hang together")
    return build_chunk(chunk.name, data[chunk.start : chunk.start + fixed])


def _copy_frame(chunk: Chunk, data: bytes) -> bytes:
    """Return a frame of an animation: where and how long it is shown, and its pixels."""
    start = chunk.start + FRAME_BYTES
    inner = iterate_chunks_between(data, start, chunk.end)
    pixels = {
        part.name: build_chunk(part.name, part.read_content(data))
        for part in inner
        if part.name in PIXELS
    }
    return data[chunk.start : min(start, chunk.end)] + b"".join(pixels.values())


def _update_features(kept: list[bytes], *, turned: bool) -> Iterator[bytes]:
    """Yield the chunks, the first of which says what others there are."""
    has = (HAS_EXIF if turned else 0) | (
        HAS_PROFILE if any(chunk.startswith(PROFILE) for chunk in kept) else 0
    )
    for chunk in kept:
        if chunk.startswith(FEATURES):
            # Three bytes behind it are reserved.
            flags = chunk[8] & ~(HAS_EXIF | HAS_XMP | HAS_PROFILE) | has
            yield chunk[:8] + bytes([flags, 0, 0, 0]) + chunk[12:]
        else:
            yield chunk


def build_chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk as it is written."""
    return name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)
