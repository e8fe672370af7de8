"""AVIF: boxes inside boxes that refer to each other by their position, so nothing moves.

A public copy has zeros where something stands that decoding does not take, and empty boxes instead of unknown ones.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO

from media_core.inspection.boxes import HEADER_BYTES, Box, iterate_boxes, list_top_boxes
from media_core.inspection.photos.avif_items import (
    FREE,
    FULL_HEADER_BYTES,
    BoxReader,
    Patch,
    PictureItems,
    Range,
)
from media_core.inspection.photos.avif_tracks import PICTURE_TRACKS, iterate_sample_ranges
from media_core.inspection.photos.metadata import read_profile
from media_core.inspection.verdicts import MAX_PIECES, OverLimit

PROPERTIES = frozenset(
    {b"ispe", b"pixi", b"av1C", b"colr", b"pasp", b"clap", b"irot", b"imir", b"clli", b"mdcv", b"a1op", b"lsel",
     b"a1lx", b"auxC"}
)  # fmt: skip
SAMPLE_TABLES = frozenset({b"stsd", b"stsz", b"stts", b"ctts", b"stsc", b"stco", b"co64", b"stss"})
SAMPLE_PARTS = frozenset(
    {b"av1C", b"colr", b"pasp", b"clap", b"auxi", b"ccst", b"btrt", b"clli", b"mdcv"}
)
# Boxes of boxes: how many bytes stand before the first of them, and which stay in them.
CONTAINERS = {
    b"iprp": (0, frozenset({b"ipco", b"ipma"})),
    b"ipco": (0, PROPERTIES),
    b"trak": (0, frozenset({b"tkhd", b"edts", b"tref", b"mdia"})),
    b"edts": (0, frozenset({b"elst"})),
    b"tref": (0, frozenset({b"auxl", b"prem"})),
    b"mdia": (0, frozenset({b"mdhd", b"hdlr", b"minf"})),
    b"minf": (0, frozenset({b"vmhd", b"nmhd", b"dinf", b"stbl"})),
    b"dinf": (0, frozenset({b"dref"})),
    b"stbl": (0, SAMPLE_TABLES),
    b"stsd": (FULL_HEADER_BYTES + 4, frozenset({b"av01"})),
    b"av01": (78, SAMPLE_PARTS),
}
# Boxes that stay, and their largest size in bytes: a larger one holds something else as well.
KEPT_BOXES = {
    b"ispe": 12, b"pixi": 12, b"av1C": 64, b"pasp": 8, b"clap": 32, b"irot": 1, b"imir": 1, b"clli": 4,
    b"mdcv": 24, b"a1op": 1, b"lsel": 2, b"a1lx": 13, b"mvhd": 112, b"tkhd": 96, b"mdhd": 36, b"vmhd": 12, b"nmhd": 4,
    b"dref": 20, b"ccst": 8, b"btrt": 12, b"auxl": 4, b"prem": 4,
}  # fmt: skip
# Lists of numbers behind their length, and how many bytes each entry has. Those of elst depend on its version.
TABLES = {b"stts": 8, b"ctts": 8, b"stsc": 12, b"stsz": 4, b"stco": 4, b"co64": 8, b"stss": 4}
# Of a sample's description: its number, its size on the screen, its pixels per inch and frames, its depth.
SAMPLE_FIELDS = ((6, 8), (24, 36), (40, 42), (74, 78))
BRANDS = frozenset(
    {b"avif", b"avis", b"avio", b"mif1", b"msf1", b"miaf", b"MA1A", b"MA1B", b"av01", b"isom", b"iso3", b"iso4",
     b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42"}
)  # fmt: skip
# A brand that every AVIF has.
COMMON_BRAND = b"mif1"
ALPHA = frozenset(
    {b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0"}
)
NCLX, NCLX_BYTES = b"nclx", 11
PROFILES = frozenset({b"prof", b"rICC"})


def has_trailing_data(data: bytes) -> bool:
    """Say no; raise Unproved when the boxes do not fill the file."""
    list_top_boxes(BytesIO(data))
    return False


def keep_picture(data: bytes) -> Iterator[bytes]:
    """Yield the same picture, of the same size, with zeros for all that it does not take to show it."""
    yield bytes(PictureCopy(data).copy_picture())


class PictureCopy:
    """A copy that is empty at first, and gets what is known to belong to the picture."""

    def __init__(self, data: bytes) -> None:
        self.data, self.file = data, BytesIO(data)
        self.clean = bytearray(len(data))
        self.found = 0
        self.items: PictureItems | None = None

    def copy_picture(self) -> bytearray:
        top = list_top_boxes(self.file)
        meta = next((box for box in top if box.kind == b"meta"), None)
        moov = next((box for box in top if box.kind == b"moov"), None)
        media: list[Range] = [(box.start, box.end) for box in top if box.kind == b"mdat"]
        for box, begin in self._iterate_children(0, len(self.data)):
            if box in (top[0], meta, moov) or box.kind == b"mdat":
                self._keep_head(box, begin)
            else:
                self._write_empty_box(box, begin)
        self._keep_brands(top[0])
        pixels: list[Range] = []
        if meta:
            pixels += self._keep_items(meta, media)
        if moov:
            pixels += self._keep_tracks(moov, media)
        for start, end in merge_ranges(pixels):
            self._keep(start, end)
        return self.clean

    def _iterate_children(self, start: int, end: int) -> Iterator[tuple[Box, int]]:
        """Yield the boxes of a range, and where each begins."""
        begin = start
        for box in iterate_boxes(self.file, start, end):
            self.found += 1
            if self.found > MAX_PIECES:
                raise OverLimit(f"It has more than {MAX_PIECES} parts.")
            yield box, begin
            begin = box.end

    def _keep(self, start: int, end: int) -> None:
        self.clean[start:end] = self.data[start:end]

    def _keep_head(self, box: Box, begin: int) -> None:
        self._keep(begin, box.start)

    def _write_empty_box(self, box: Box, begin: int) -> None:
        """Write an empty box of the same length in place of this one."""
        self._keep_head(box, begin)
        self.clean[begin + 4 : begin + HEADER_BYTES] = FREE

    def _keep_brands(self, box: Box) -> None:
        """Keep the known brands; put BRAND in place of others, and no version."""
        for at in range(box.start, box.end - 3, 4):
            brand = self.data[at : at + 4]
            if at != box.start + 4:
                self.clean[at : at + 4] = brand if brand in BRANDS else COMMON_BRAND

    def _keep_items(self, meta: Box, media: list[Range]) -> Iterator[Range]:
        """Keep the descriptions of the items that make the picture. Return the ranges of their bytes."""
        self._keep(meta.start, meta.start + FULL_HEADER_BYTES)
        children = list(self._iterate_children(meta.start + FULL_HEADER_BYTES, meta.end))
        items = self.items = PictureItems(self.data, {box.kind: box for box, _ in children})
        patches = items.build_patches()
        seen: set[bytes] = set()
        # The last of each kind is the one that was read above.
        for box, begin in reversed(children):
            if box.kind in seen:
                self._write_empty_box(box, begin)
            elif box.kind in patches:
                self._keep_head(box, begin)
                self._write_patches(patches[box.kind])
            elif box.kind == b"idat":
                self._keep_head(box, begin)
            elif box.kind in {b"hdlr", b"iprp"}:
                self._keep_box(box, begin)
            else:
                self._write_empty_box(box, begin)
            seen.add(box.kind)
        return items.iterate_ranges(media)

    def _write_patches(self, patches: Iterable[Patch]) -> None:
        for at, content in patches:
            self.clean[at : at + len(content)] = content

    def _keep_tracks(self, moov: Box, media: list[Range]) -> list[Range]:
        """Keep the picture tracks of an animation. Return the ranges of their bytes."""
        pixels: list[Range] = []
        has_header = False
        for box, begin in self._iterate_children(moov.start, moov.end):
            if box.kind == b"trak" and self._is_picture_track(box):
                self._keep_box(box, begin)
                pixels += iterate_sample_ranges(self.data, box, media)
            elif box.kind == b"mvhd" and not has_header:
                self._keep_box(box, begin)
                has_header = True
            else:
                self._write_empty_box(box, begin)
        return pixels

    def _is_picture_track(self, track: Box) -> bool:
        """Return whether a track has pictures: others hold sound, text, or where the camera was at each moment."""
        found: Box | None = track
        for kind in (b"mdia", b"hdlr"):
            inner = self._iterate_children(found.start, found.end) if found else iter(())
            found = next((box for box, _ in inner if box.kind == kind), None)
        return found is not None and self.data[found.start + 8 : found.start + 12] in PICTURE_TRACKS

    def _keep_box(self, box: Box, begin: int) -> None:
        if box.kind in CONTAINERS:
            self._keep_container(box, begin)
            return
        if box.kind == b"ipma" and self.items:
            self._keep_head(box, begin)
            self._write_patches(self.items.build_associations(box))
            return
        end = self._find_kept_end(box)
        if end == box.start:
            self._write_empty_box(box, begin)
        else:
            self._keep_head(box, begin)
            self._keep(box.start, end)

    def _keep_container(self, box: Box, begin: int) -> None:
        """Keep a box of boxes, and each known box in it: once, or as often as items refer to it."""
        before, kinds = CONTAINERS[box.kind]
        for start, end in SAMPLE_FIELDS if box.kind == b"av01" else ((0, before),):
            self._keep(box.start + start, min(box.start + end, box.end))
        self._keep_head(box, begin)
        used = self.items.find_used_properties() if self.items and box.kind == b"ipco" else None
        seen: set[bytes] = set()
        for number, (child, at) in enumerate(
            self._iterate_children(box.start + before, box.end), 1
        ):
            is_new = number in used if used is not None else child.kind not in seen
            if child.kind in kinds and is_new:
                self._keep_box(child, at)
            else:
                self._write_empty_box(child, at)
            seen.add(child.kind)

    def _find_kept_end(self, box: Box) -> int:
        """Return where the part to keep of a box without inner boxes ends: its start when nothing is kept."""
        if box.kind in KEPT_BOXES:
            return box.end if box.end - box.start <= KEPT_BOXES[box.kind] else box.start
        if box.kind == b"hdlr":
            # Its name is for people.
            return min(box.end, box.start + FULL_HEADER_BYTES + 20)
        if box.kind in {b"auxC", b"auxi"}:
            return (
                box.end
                if self.data[box.start + FULL_HEADER_BYTES : box.end] in ALPHA
                else box.start
            )
        return self._find_colour_end(box) if box.kind == b"colr" else find_table_end(self.data, box)

    def _find_colour_end(self, box: Box) -> int:
        kind = self.data[box.start : box.start + 4]
        if kind == NCLX:
            return min(box.end, box.start + NCLX_BYTES)
        profile = read_profile(self.data[box.start + 4 : box.end]) if kind in PROFILES else b""
        return box.start + 4 + len(profile) if profile else box.start


def find_table_end(data: bytes, box: Box) -> int:
    """Return where a list of numbers ends. Raises Unproved when that is behind its box."""
    read = BoxReader(data, box)
    is_large = read.read_number(FULL_HEADER_BYTES) >> 24
    entry = TABLES.get(box.kind, 20 if is_large else 12)
    if box.kind == b"stsz" and read.read_number(4):
        # All samples are alike.
        entry = 0
    read.read_number(entry * read.read_number(4))
    return read.at


def merge_ranges(ranges: list[Range]) -> Iterator[Range]:
    """Yield ranges that cover the same bytes without overlap."""
    until = 0
    for start, end in sorted(ranges):
        if end > until:
            yield max(start, until), end
            until = end
