"""The tracks of an animated AVIF: where their bytes stand (ISO 14496-12, 8.7)."""

from collections.abc import Iterator
from io import BytesIO
from itertools import accumulate, pairwise

from media_core.inspection.boxes import Box, iterate_boxes
from media_core.inspection.photos.avif_items import (
    BROKEN,
    FULL_HEADER_BYTES,
    BoxReader,
    Range,
    require_inside,
)
from media_core.inspection.verdicts import MAX_PIECES, OverLimit, Unproved

# Pictures, and their transparency.
PICTURE_TRACKS = frozenset({b"pict", b"auxv"})


def find_box(data: bytes, box: Box | None, *kinds: bytes) -> Box | None:
    """Return the first box at a path."""
    for kind in kinds:
        if box is None:
            return None
        inner = iterate_boxes(BytesIO(data), box.start, box.end)
        box = next((child for child in inner if child.kind == kind), None)
    return box


def iterate_sample_ranges(data: bytes, track: Box, media: list[Range]) -> Iterator[Range]:
    """Yield the ranges of a track's samples. Raises Unproved when they are outside `media`."""
    table = find_box(data, track, b"mdia", b"minf", b"stbl")
    sizes, chunks = list(_read_sizes(data, table)), list(_read_chunk_starts(data, table))
    counts = list(_read_sample_counts(data, table, len(chunks)))
    ends = list(accumulate(counts, initial=0))
    if ends[-1] != len(sizes):
        raise Unproved(BROKEN)
    for start, (first, last) in zip(chunks, pairwise(ends), strict=True):
        yield require_inside((start, start + sum(sizes[first:last])), media)


def _open_table(data: bytes, table: Box | None, kind: bytes) -> BoxReader:
    """Return a reader of one of the tables, behind its version."""
    if (box := find_box(data, table, kind)) is None:
        raise Unproved(BROKEN)
    read = BoxReader(data, box)
    read.read_number(FULL_HEADER_BYTES)
    return read


def _read_sizes(data: bytes, table: Box | None) -> Iterator[int]:
    read = _open_table(data, table, b"stsz")
    all_alike = read.read_number(4)
    for _ in read.read_count(4):
        yield all_alike or read.read_number(4)


def _read_chunk_starts(data: bytes, table: Box | None) -> Iterator[int]:
    is_large = find_box(data, table, b"co64") is not None
    read = _open_table(data, table, b"co64" if is_large else b"stco")
    for _ in read.read_count(4):
        yield read.read_number(8 if is_large else 4)


def _read_sample_counts(data: bytes, table: Box | None, chunks: int) -> Iterator[int]:
    """Yield how many samples each chunk has; an entry counts from its chunk to that of the next entry."""
    read = _open_table(data, table, b"stsc")
    entries = [
        (read.read_number(4), read.read_number(4), read.read_number(4)) for _ in read.read_count(4)
    ]
    starts = [*(first for first, _, _ in entries), chunks + 1]
    if starts[0] != 1 or starts != sorted(starts):
        raise Unproved(BROKEN)
    for (first, samples, _), behind in zip(entries, starts[1:], strict=True):
        if samples > MAX_PIECES:
            raise OverLimit(f"It has more than {MAX_PIECES} parts.")
        yield from [samples] * (behind - first)
