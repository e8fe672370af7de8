"""AVIF pictures that carry a place in boxes and items that nobody looks at."""

import struct
from collections.abc import Iterator
from io import BytesIO

from PIL import Image

from media_core.inspection.boxes import Box, iterate_boxes
from tests.media_core.inspection.photos import PLACE, XMP, user_comment
from tests.samples import animation, box, image, picture

FULL_CONTAINERS = frozenset({b"meta"})
TABLES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
PROPERTIES = (b"meta", b"iprp", b"ipco")
TOP_KINDS = (b"uuid", b"free", b"skip", b"udta", b"mdat", b"jumb", b"meta", b"moof", b"\xa9xyz")


def translucent() -> Image.Image:
    drawn = image()
    drawn.putalpha(Image.linear_gradient("L").resize(drawn.size))
    return drawn


def box_at(content: bytes, *path: bytes) -> Box:
    """Return the box at a path of an AVIF."""
    start, end = 0, len(content)
    for kind in path:
        found = next(one for one in iterate_boxes(BytesIO(content), start, end) if one.kind == kind)
        start, end = found.start + (4 if kind in FULL_CONTAINERS else 0), found.end
    return found


def with_box(content: bytes, *path: bytes, more: bytes) -> bytes:
    """Return an AVIF whose box at this path is longer, and stands at the end, so that nothing else moves."""
    top = box_at(content, path[0])
    grown = bytearray(content[top.start - 8 : top.end])
    end = box_at(content, *path).end - top.start + 8
    for depth in range(1, len(path) + 1):
        at = box_at(content, *path[:depth]).start - top.start
        grown[at : at + 4] = struct.pack(">I", struct.unpack_from(">I", grown, at)[0] + len(more))
    grown[end:end] = more
    return content[: top.start - 4] + b"free" + content[top.start :] + bytes(grown)


def avifs() -> Iterator[tuple[str, bytes]]:
    content = picture(
        "AVIF", translucent(), exif=user_comment(), xmp=XMP % (b'drone:Where="%s"' % PLACE)
    )
    yield "items", content
    yield from stills(content)
    yield from properties(content)
    yield from films(animation("AVIF"))


def stills(content: bytes) -> Iterator[tuple[str, bytes]]:
    for kind in TOP_KINDS:
        yield f"box {kind!r}", content + box(kind, PLACE)
    for path in (PROPERTIES[:1], PROPERTIES[:2], PROPERTIES):
        yield f"box in {path[-1]!r}", with_box(content, *path, more=box(b"zzzz", PLACE))
    for kind in (b"hdlr", b"pitm", b"iloc"):
        yield f"behind {kind!r}", with_box(content, b"meta", kind, more=PLACE)
    for count, what in ((1, "of another kind"), (len(PLACE) // 2, "to nothing")):
        reference = box(b"zzzz", b"\0\1" + struct.pack(">H", count) + PLACE[: count * 2])
        yield f"references {what}", with_box(content, b"meta", b"iref", more=reference)
    name = box_at(content, b"meta", b"hdlr")
    named = PLACE[: name.end - name.start - 25]
    yield "name", content[: name.start + 24] + named + content[name.end - 1 :]
    brands = box_at(content, b"ftyp").end
    yield "brand", content[: brands - 4] + PLACE[:4] + content[brands:]


def properties(content: bytes) -> Iterator[tuple[str, bytes]]:
    yield "behind the associations", with_box(content, b"meta", b"iprp", b"ipma", more=PLACE)
    for kind in (b"ispe", b"pixi", b"av1C", b"auxC", b"colr"):
        long = box(kind, bytes(80) + PLACE)
        yield f"long {kind!r}", with_box(content, *PROPERTIES, more=long)
    for kind in (b"clap", b"mdcv", b"tkhd", b"mvhd", b"dref"):
        more = box(kind, bytes(7) + PLACE)
        yield f"{kind!r} of nothing", with_box(content, *PROPERTIES, more=more)
        yield f"{kind!r} where it does not belong", with_box(content, b"meta", more=more)


def films(moving: bytes) -> Iterator[tuple[str, bytes]]:
    for kind in TOP_KINDS:
        yield f"box {kind!r} in an animation", moving + box(kind, PLACE)
    for path in (TABLES[:1], TABLES[:2], TABLES):
        for kind in (b"udta", b"meta", b"uuid", b"loci", b"clap", b"tkhd"):
            more = box(kind, bytes(7) + PLACE)
            yield f"{kind!r} in {path[-1]!r}", with_box(moving, *path, more=more)
    yield "behind its header", with_box(moving, b"moov", b"mvhd", more=PLACE)
    for kind in (b"stts", b"stsc", b"stsz"):
        yield f"behind {kind!r}", with_box(moving, *TABLES, kind, more=PLACE)
    track = box_at(moving, b"moov", b"trak")
    camera = moving[track.start - 8 : track.end].replace(b"pict", b"meta").replace(b"av01", b"camm")
    yield "a track of places", with_box(moving, b"moov", more=camera + box(b"zzzz", PLACE))
