"""AVIF: descriptions are items somewhere in the file. They are written over in place, so nothing moves."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from media_core.inspection.boxes import Box, boxes, top_boxes
from media_core.inspection.photos.metadata import exif_tells, exif_with, orientation_of, xmp_tells
from media_core.inspection.verdicts import Unproved

# A full box has four bytes of version and flags before its content.
FULL = 4
LARGE_IDS = 2
IN_IDAT = 1
# Where films keep a place; animations are films.
FILM_PLACES = (b"\xa9xyz", b"loci", b"location.ISO6709")


@dataclass(frozen=True, slots=True)
class Item:
    """A description: EXIF or not (then XMP), and where its bytes stand."""

    is_exif: bool
    ranges: tuple[tuple[int, int], ...]

    def content(self, data: bytes) -> bytes:
        return b"".join(data[start:end] for start, end in self.ranges)

    def exif(self, data: bytes) -> bytes:
        """Return the EXIF block; four bytes before it say how far away it begins."""
        content = self.content(data)
        return content[4 + int.from_bytes(content[:4], "big") :]

    def tells(self, data: bytes) -> bool:
        return exif_tells(self.exif(data)) if self.is_exif else xmp_tells(self.content(data))


class Reader:
    """Reads numbers of some bytes, one behind the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def number(self, size: int) -> int:
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "big")


def has_more_behind(data: bytes) -> bool:
    """Say no; raise Unproved when the boxes do not fill the file."""
    top_boxes(BytesIO(data))
    return False


def tells_location(data: bytes) -> bool:
    """Return whether the picture says where it was taken, or holds what may."""
    others = [box for box in top_boxes(BytesIO(data)) if box.kind in {b"moov", b"uuid"}]
    return any(item.tells(data) for item in descriptions(data)) or any(
        xmp_tells(data[box.start : box.end].replace(b"\0", b" "))
        or any(mark in data[box.start : box.end] for mark in FILM_PLACES)
        for box in others
    )


def without_descriptions(data: bytes) -> Iterator[bytes]:
    """Yield the same picture, of the same size, with its descriptions written over."""
    clean = bytearray(data)
    for item in descriptions(data):
        length = len(item.content(data))
        blank = _exif_of(item, data) if item.is_exif else b""
        left = (blank[:length] if len(blank) <= length else b"").ljust(
            length, b"\0" if item.is_exif else b" "
        )
        for start, end in item.ranges:
            clean[start:end], left = left[: end - start], left[end - start :]
    yield bytes(clean)


def _exif_of(item: Item, data: bytes) -> bytes:
    """Return an EXIF item that says how to turn the picture at most. One that says nothing is still one."""
    said = exif_with(orientation_of(item.exif(data))) or b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"
    return b"\0\0\0\0" + said.removeprefix(b"Exif\0\0")


def descriptions(data: bytes) -> list[Item]:
    """Return the EXIF and XMP items of the picture."""
    file = BytesIO(data)
    metas = [box for box in top_boxes(file) if box.kind == b"meta"]
    found: list[Item] = []
    for meta in metas:
        inner = {box.kind: box for box in boxes(file, meta.start + FULL, meta.end)}
        kinds = _kinds(data, inner[b"iinf"]) if b"iinf" in inner else {}
        places = _places(data, inner) if kinds else {}
        found += [Item(is_exif, places.get(number, ())) for number, is_exif in kinds.items()]
    return found


def _kinds(data: bytes, box: Box) -> dict[int, bool]:
    """Return the numbers of the items that describe, and whether each is EXIF."""
    count_bytes = 4 if data[box.start] else 2
    kinds = {}
    for entry in boxes(BytesIO(data), box.start + FULL + count_bytes, box.end):
        read = Reader(data, entry.start + FULL)
        number = read.number(4 if data[entry.start] > LARGE_IDS else 2)
        kind = data[read.at + 2 : read.at + 6]
        if kind in {b"Exif", b"mime", b"uri "}:
            kinds[number] = kind == b"Exif"
    return kinds


def _places(data: bytes, inner: dict[bytes, Box]) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return where the bytes of each item stand (ISO 14496-12, 8.11.3)."""
    if b"iloc" not in inner:
        raise Unproved("its items are nowhere")
    box = inner[b"iloc"]
    version, read = data[box.start], Reader(data, box.start + FULL)
    sizes = read.number(2)
    offset_bytes, length_bytes, base_bytes, index_bytes = (
        sizes >> shift & 15 for shift in (12, 8, 4, 0)
    )
    id_bytes = 4 if version >= LARGE_IDS else 2
    places = {}
    for _ in range(read.number(id_bytes)):
        if read.at >= box.end:
            raise Unproved("its items are nowhere")
        number = read.number(id_bytes)
        method = read.number(2) & 15 if version else 0
        read.number(2)
        base = read.number(base_bytes) + (inner[b"idat"].start if method == IN_IDAT else 0)
        ranges = []
        for _ in range(read.number(2)):
            read.number(index_bytes if version else 0)
            start = base + read.number(offset_bytes)
            length = read.number(length_bytes)
            if not length or start + length > len(data):
                raise Unproved("its items are nowhere")
            ranges.append((start, start + length))
        places[number] = tuple(ranges)
    return places
