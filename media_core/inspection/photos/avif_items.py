"""The items of an AVIF: which of them make the picture, and where their bytes stand (ISO 14496-12, 8.11).

The content to keep of a box is returned as patches: a position, and the bytes to write there in the copy.
"""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from sys import maxsize

from media_core.inspection.boxes import HEADER_BYTES, Box, iterate_boxes
from media_core.inspection.verdicts import MAX_PIECES, OverLimit, Unproved

Range = tuple[int, int]
Patch = tuple[int, bytes]
# A full box has four bytes of version and flags before its content.
FULL_HEADER_BYTES = 4
# The kind of a box or an item that is removed.
FREE = b"free"
PICTURES = frozenset({b"av01", b"grid", b"iovl", b"iden"})
PARTS, LAYERS = b"dimg", frozenset({b"auxl", b"prem"})
ENTRY_VERSIONS = frozenset({2, 3})
IN_FILE, IN_IDAT = 0, 1
BROKEN = "its items are nowhere"


class BoxReader:
    """Reads numbers of a box, one behind the other. Raises Unproved at its end, OverLimit for too many."""

    def __init__(self, data: bytes, box: Box) -> None:
        self.data, self.at, self.end = data, box.start, box.end
        self.entries = 0

    def read_number(self, size: int) -> int:
        self.at += size
        if self.at > self.end:
            raise Unproved(BROKEN)
        return int.from_bytes(self.data[self.at - size : self.at], "big")

    def read_count(self, size: int) -> range:
        """Read a count of entries, and return its range."""
        count = self.read_number(size)
        self.entries += count
        if self.entries > MAX_PIECES:
            raise OverLimit(f"It has more than {MAX_PIECES} parts.")
        return range(count)


@dataclass(frozen=True, slots=True)
class ItemReference:
    """A reference of one item to others, and its box."""

    box: Box
    item: int
    others: list[int]


@dataclass(frozen=True, slots=True)
class ItemLocation:
    """The ranges of an item's bytes, and the position of the entry that gives them."""

    item: int
    method: int
    ranges: list[Range]
    begin: int
    base: int
    extents: int
    end: int


@dataclass(frozen=True, slots=True)
class PropertyAssociation:
    """The properties of an item, and the position of the entry that gives them."""

    item: int
    properties: list[int]
    begin: int
    head: int
    end: int


class PictureItems:
    """The items that make the picture: the main one, its parts, and its transparency."""

    def __init__(self, data: bytes, inner: dict[bytes, Box]) -> None:
        if not {b"pitm", b"iinf", b"iloc"} <= set(inner):
            raise Unproved(BROKEN)
        self.data, self.inner = data, inner
        read = BoxReader(data, inner[b"pitm"])
        version = read.read_number(FULL_HEADER_BYTES) >> 24
        self.main = read.read_number(4 if version else 2)
        self.main_end = read.at
        self.references = list(self._read_references())
        self.locations = list(self._read_locations())
        self.kept = self._find_kept()

    def build_patches(self) -> dict[bytes, list[Patch]]:
        """Return what to keep of the boxes that describe items, by kind of box."""
        main = self.inner[b"pitm"].start
        said = {
            b"pitm": [(main, self.data[main : self.main_end])],
            b"iinf": list(self._build_entries()),
            b"iloc": list(self._build_locations()),
        }
        if b"iref" in self.inner:
            said[b"iref"] = list(self._build_references())
        return said

    def iterate_ranges(self, media: list[Range]) -> Iterator[Range]:
        """Yield the ranges of the picture's bytes. Raises Unproved when they are outside `mdat` and `idat`."""
        idat = self.inner.get(b"idat")
        homes = {IN_FILE: media, IN_IDAT: [(idat.start, idat.end)] if idat else []}
        for place in self.locations:
            if place.item in self.kept:
                base = idat.start if idat and place.method == IN_IDAT else 0
                for start, end in place.ranges:
                    yield require_inside((base + start, base + end), homes.get(place.method, []))

    def build_associations(self, box: Box) -> Iterator[Patch]:
        """Yield the property associations of the items that stay."""
        yield box.start, self.data[box.start : box.start + FULL_HEADER_BYTES + 4]
        for association in self._read_associations(box):
            end = association.end if association.item in self.kept else association.head
            yield association.begin, self.data[association.begin : end]

    def find_used_properties(self) -> set[int]:
        """Return the numbers of all properties of the items that stay."""
        inner = self.inner[b"iprp"]
        return {
            number
            for box in iterate_boxes(BytesIO(self.data), inner.start, inner.end)
            if box.kind == b"ipma"
            for association in self._read_associations(box)
            if association.item in self.kept
            for number in association.properties
        }

    def _read_associations(self, box: Box) -> Iterator[PropertyAssociation]:
        read = BoxReader(self.data, box)
        said = read.read_number(FULL_HEADER_BYTES)
        size = 2 if said & 1 else 1
        for _ in read.read_count(4):
            begin = read.at
            item = read.read_number(4 if said >> 24 else 2)
            count = read.read_count(1)
            head = read.at
            # The first bit says that it is essential.
            properties = [read.read_number(size) & (1 << 8 * size - 1) - 1 for _ in count]
            yield PropertyAssociation(item, properties, begin, head, read.at)

    def _read_references(self) -> Iterator[ItemReference]:
        if (box := self.inner.get(b"iref")) is None:
            return
        read, id_bytes = BoxReader(self.data, box), self._read_reference_id_bytes()
        for reference in iterate_boxes(BytesIO(self.data), box.start + FULL_HEADER_BYTES, box.end):
            read.at, read.end = reference.start, reference.end
            read.entries += 1
            item = read.read_number(id_bytes)
            yield ItemReference(
                reference, item, [read.read_number(id_bytes) for _ in read.read_count(2)]
            )

    def _read_reference_id_bytes(self) -> int:
        return (
            4
            if BoxReader(self.data, self.inner[b"iref"]).read_number(FULL_HEADER_BYTES) >> 24
            else 2
        )

    def _find_kept(self) -> set[int]:
        """Return the numbers of the items that it takes to show the main one."""
        needed: dict[int, list[int]] = {}
        for reference in self.references:
            if reference.box.kind == PARTS:
                needed.setdefault(reference.item, []).extend(reference.others)
            elif reference.box.kind in LAYERS:
                for other in reference.others:
                    needed.setdefault(other, []).append(reference.item)
        kept: set[int] = set()
        left = [self.main]
        while left:
            item = left.pop()
            if item not in kept:
                kept.add(item)
                left += needed.get(item, [])
        return kept

    def _build_references(self) -> Iterator[Patch]:
        """Yield the references between items that stay. The others become NOTHING, and name only the main item."""
        id_bytes, box = self._read_reference_id_bytes(), self.inner[b"iref"]
        yield box.start, self.data[box.start : box.start + FULL_HEADER_BYTES]
        for reference in self.references:
            kind, begin = reference.box.kind, reference.box.start
            yield read_head(self.data, reference.box)
            numbers = [reference.item, *reference.others]
            if kind not in LAYERS | {PARTS} or not set(numbers) <= self.kept:
                yield begin - len(FREE), FREE
                numbers = [self.main] * len(numbers)
            ids = [number.to_bytes(id_bytes, "big") for number in numbers]
            yield begin, b"".join([ids[0], len(reference.others).to_bytes(2, "big"), *ids[1:]])

    def _build_entries(self) -> Iterator[Patch]:
        """Yield the kind of each item, NOTHING for removed ones, and no names."""
        box = self.inner[b"iinf"]
        read = BoxReader(self.data, box)
        read.read_number(4 if read.read_number(FULL_HEADER_BYTES) >> 24 else 2)
        start = read.at
        yield box.start, self.data[box.start : start]
        for entry in iterate_boxes(BytesIO(self.data), start, box.end):
            read = BoxReader(self.data, entry)
            version = read.read_number(FULL_HEADER_BYTES) >> 24
            if entry.kind != b"infe" or version not in ENTRY_VERSIONS:
                raise Unproved(BROKEN)
            item = read.read_number(4 if version == max(ENTRY_VERSIONS) else 2)
            read.read_number(2)
            kind = self.data[read.at : read.at + 4]
            yield read_head(self.data, entry)
            stays = item in self.kept and kind in PICTURES
            yield entry.start, self.data[entry.start : read.at] + (kind if stays else FREE)
            read.read_number(4)

    def _read_locations(self) -> Iterator[ItemLocation]:
        box = self.inner[b"iloc"]
        read = BoxReader(self.data, box)
        version = read.read_number(FULL_HEADER_BYTES) >> 24
        sizes = read.read_number(2)
        offset_bytes, length_bytes, base_bytes, index_bytes = (
            sizes >> shift & 15 for shift in (12, 8, 4, 0)
        )
        for _ in read.read_count(4 if version > 1 else 2):
            begin = read.at
            item = read.read_number(4 if version > 1 else 2)
            method = read.read_number(2) & 15 if version else IN_FILE
            if read.read_number(2):
                raise Unproved(BROKEN)
            base_at = read.at
            base, count = read.read_number(base_bytes), read.read_count(2)
            extents, ranges = read.at, []
            for _ in count:
                read.read_number(index_bytes if version else 0)
                offset = base + read.read_number(offset_bytes)
                ranges.append((offset, offset + read.read_number(length_bytes)))
            yield ItemLocation(item, method, ranges, begin, base_at, extents, read.at)

    def _build_locations(self) -> Iterator[Patch]:
        """Yield the locations of the items that stay, and only the number of extents of the others."""
        box = self.inner[b"iloc"]
        first = min((place.begin for place in self.locations), default=box.start)
        yield box.start, self.data[box.start : first]
        for place in self.locations:
            if place.item in self.kept:
                yield place.begin, self.data[place.begin : place.end]
            else:
                yield place.begin, self.data[place.begin : place.base]
                yield place.extents - 2, self.data[place.extents - 2 : place.extents]


def read_head(data: bytes, box: Box) -> Patch:
    """Return the header of a box. Raises Unproved for the 64-bit form, which these boxes never need."""
    begin = box.start - HEADER_BYTES
    if data[begin + 4 : box.start] != box.kind:
        raise Unproved(BROKEN)
    return begin, data[begin : box.start]


def require_inside(place: Range, homes: list[Range]) -> Range:
    """Return the range. Raises Unproved when none of the sorted `homes` contains it."""
    start, end = place
    low, high = homes[bisect(homes, (start, maxsize)) - 1] if homes else (0, 0)
    if not low <= start < end <= high:
        raise Unproved(BROKEN)
    return place
