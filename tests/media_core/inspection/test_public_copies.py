"""A public copy of a photo holds what decoding takes and nothing else, whatever else somebody put into it."""

import struct
import time
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from PIL import Image

from media_core.errors import PublishingRefused
from media_core.inspection.images import FORMATS
from media_core.inspection.photo_locations import copy_without_location
from media_core.inspection.photos import avif, gif, png, webp
from media_core.inspection.verdicts import MAX_PIECES, OverLimit, Unproved
from tests.media_core.inspection.carriers import CARRIERS, between_scans
from tests.media_core.inspection.carriers_avif import translucent, with_box
from tests.media_core.inspection.photos import (
    PLACE,
    PROFILE,
    describe_picture,
    exif,
    jpeg_with,
    segment,
    user_comment,
)
from tests.samples import animation, box, image, picture

STILLS = {
    "jpeg": picture("JPEG", progressive=True, exif=exif(orientation=6), icc_profile=PROFILE),
    "png": picture("PNG", exif=exif(orientation=6), icc_profile=PROFILE),
    "webp": picture("WEBP", exif=exif(orientation=6), icc_profile=PROFILE),
    "gif": animation("GIF"),
    "avif": picture("AVIF", translucent(), exif=exif(orientation=6), icc_profile=PROFILE),
}
ANIMATIONS = {kind: animation(kind.upper(), 4) for kind in ("png", "webp", "gif", "avif")}
fuzz = given_settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


def copy_of(content: bytes, kind: str) -> bytes:
    """Return the copy, without a worker."""
    return b"".join(FORMATS[kind][2].keep_picture(content))


@pytest.mark.parametrize("name", CARRIERS)
def test_a_place_anywhere_stays_behind(name):
    kind, content = CARRIERS[name]
    copy = copy_of(content, kind)
    for part in (PLACE[:4], PLACE.decode().encode("utf-16-le"), PLACE.hex().encode()):
        assert part not in copy
    assert copy_of(copy, kind) == copy
    # What Pillow does not decode is not published at all.
    with suppress(OSError, SyntaxError, RuntimeError):
        assert describe_picture(copy) == describe_picture(content)


@pytest.mark.parametrize("kind", STILLS)
def test_a_copy_shows_the_same_picture_and_is_its_own_copy(kind):
    copy = copy_of(STILLS[kind], kind)
    assert describe_picture(copy) == describe_picture(STILLS[kind])
    assert copy_of(copy, kind) == copy
    assert copy_without_location(BytesIO(copy), f"image/{kind}") is None


@pytest.mark.parametrize("kind", ANIMATIONS)
def test_an_animation_keeps_its_frames_durations_and_loop(kind):
    assert describe_picture(copy_of(ANIMATIONS[kind], kind)) == describe_picture(ANIMATIONS[kind])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (9, 5), (64, 48)])
def test_png_of_every_depth_survives(mode, size):
    content = picture("PNG", Image.linear_gradient("L").resize(size).convert(mode))
    assert copy_of(content, "png") == content


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 9), (8, 8), (33, 17)])
def test_an_interlaced_png_survives(size):
    content = interlaced(*size)
    assert copy_of(content, "png") == content
    assert len(describe_picture(content)) == 4


def interlaced(width: int, height: int) -> bytes:
    """Return a PNG of several shades, drawn in seven passes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    lines = b"".join(
        b"\0" + bytes([y * 7 % 256, x, 90]) * len(range(x, width, across))
        for x, y, across, down in png.PASSES
        for _ in range(y, height, down)
        if x < width
    )
    packed = zlib.compress(lines)
    written = (
        png.build_chunk(b"IHDR", head),
        png.build_chunk(b"IDAT", packed),
        png.build_chunk(b"IEND", b""),
    )
    return png.SIGNATURE + b"".join(written)


def test_pictures_behind_that_a_camera_lists_stay_behind():
    other = image((30, 20))
    content = picture("MPO", image(), save_all=True, append_images=[other], exif=user_comment())
    assert b"MPF" in content
    copy = copy_without_location(BytesIO(content), "image/jpeg")
    assert copy is not None
    with copy:
        clean = copy.read()
    assert (clean.count(b"\xff\xd8\xff"), b"MPF" in clean, PLACE in clean) == (1, False, False)
    assert describe_picture(clean) == describe_picture(content)


def test_the_profile_of_a_gif_stays():
    content = picture("GIF")
    start = next(gif.iterate_blocks(content)).start
    own = gif.build_extension(
        0xFF, b"ICCRGBG1012", *(PROFILE[at : at + 255] for at in range(0, len(PROFILE), 255))
    )
    assert own in copy_of(content[:start] + own + content[start:], "gif")


# --- whatever is put in


NAMES = st.binary(min_size=4, max_size=4).filter(bytes.isalpha)
PAYLOADS = st.tuples(st.binary(max_size=40), st.binary(max_size=40)).map(PLACE.join)


@st.composite
def pictures_with_more(draw: st.DrawFn) -> tuple[str, bytes, bytes]:
    """Draw a kind, a picture, and the same with an unknown piece somewhere, and with something behind it."""
    kind = draw(st.sampled_from(sorted(STILLS)))
    content = draw(st.sampled_from([STILLS[kind], ANIMATIONS.get(kind, STILLS[kind])]))
    more = MORE[kind](draw, content, draw(PAYLOADS))
    return (
        kind,
        content,
        more + draw(st.sampled_from([b"", PLACE, bytes(9) + PLACE])) * (kind != "avif"),
    )


def more_segments(draw: st.DrawFn, content: bytes, payload: bytes) -> bytes:
    known = {0x01, *range(0xC0, 0xDE), 0xE2}
    marker = draw(st.integers(0xC0, 0xFE).filter(lambda drawn: drawn not in known))
    at = draw(st.sampled_from([2, content.index(b"\xff\xdb"), content.index(b"\xff\xda")]))
    return content[:at] + segment(marker, payload) + content[at:]


def more_chunks(draw: st.DrawFn, content: bytes, payload: bytes) -> bytes:
    name = draw(
        NAMES.filter(
            lambda drawn: drawn not in {*png.KEPT_ONCE, b"IDAT", b"fdAT", b"fcTL", b"iCCP", b"eXIf"}
        )
    )
    at = draw(st.sampled_from([chunk.end for chunk in png.iterate_chunks(content)][:-1]))
    return content[:at] + png.build_chunk(name, payload) + content[at:]


def more_riff_chunks(draw: st.DrawFn, content: bytes, payload: bytes) -> bytes:
    name = draw(
        NAMES.filter(
            lambda drawn: drawn not in {b"VP8X", b"ANMF", b"ANIM", b"ICCP", b"EXIF", *webp.PIXELS}
        )
    )
    at = draw(
        st.sampled_from([chunk.end + chunk.end % 2 for chunk in webp.iterate_chunks(content)])
    )
    return riff(content[12:at] + webp.build_chunk(name, payload) + content[at:])


def riff(chunks: bytes) -> bytes:
    return b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WEBP" + chunks


def more_extensions(draw: st.DrawFn, content: bytes, payload: bytes) -> bytes:
    kind = draw(st.integers(0, 255).filter(lambda drawn: drawn != gif.CONTROL))
    at = draw(st.sampled_from([block.start for block in gif.iterate_blocks(content)]))
    return content[:at] + gif.build_extension(kind, payload[:255]) + content[at:]


READ_BOXES = (
    b"moov",
    b"meta",
    b"ftyp",
    b"iinf",
    b"iloc",
    b"pitm",
    b"iref",
    b"ipma",
    b"stsz",
    b"elst",
)


def more_boxes(draw: st.DrawFn, content: bytes, payload: bytes) -> bytes:
    known = {*avif.CONTAINERS, *avif.KEPT_BOXES, *avif.TABLES, *READ_BOXES}
    name = draw(NAMES.filter(lambda drawn: drawn not in known))
    paths = [(), (b"meta",), (b"meta", b"iprp", b"ipco")]
    if b"moov" in content:
        paths += [(b"moov",), (b"moov", b"trak"), (b"moov", b"trak", b"mdia")]
    path = draw(st.sampled_from(paths))
    more = box(name, payload)
    return with_box(content, *path, more=more) if path else content + more


MORE = {
    "jpeg": more_segments,
    "png": more_chunks,
    "webp": more_riff_chunks,
    "gif": more_extensions,
    "avif": more_boxes,
}


@fuzz
@given(pictures_with_more())
def test_no_unknown_piece_reaches_the_copy(drawn):
    kind, content, more = drawn
    copy = copy_of(more, kind)
    assert PLACE not in copy
    assert describe_picture(copy) == describe_picture(content)


@fuzz
@given(
    st.sampled_from([*STILLS.items(), *ANIMATIONS.items()]),
    st.integers(0, 10_000),
    st.binary(max_size=8),
    st.booleans(),
)
def test_a_broken_picture_is_refused_and_nothing_else(sample, at, other, cut):
    kind, content = sample
    at %= len(content)
    broken = content[:at] + other + (b"" if cut else content[at + len(other) :])
    try:
        copy = copy_of(broken, kind)
    except (Unproved, OverLimit):
        return
    assert copy_of(copy, kind) == copy


# --- what cannot be understood, or would take too long


IDAT = png.build_chunk(b"IDAT", b"")
PNG, GIF, WEBP = picture("PNG"), picture("GIF"), picture("WEBP", exif=exif(orientation=6))
AVIF = STILLS["avif"]
MANY_REFERENCES = box(b"cdsc", b"\0\1\xff\xff" + bytes(131_070))
HOSTILE = {
    "segments": ("jpeg", jpeg_with(segment(0xFE, b"") * (MAX_PIECES + 1))),
    "segment beyond the end": ("jpeg", picture("JPEG")[:-2] + b"\xff\xe5\xff\xff"),
    "markers without end": ("jpeg", picture("JPEG")[:2] + b"\xff" * 3_000_000),
    "scan without end": ("jpeg", picture("JPEG")[:-2] + b"\xff" * 3_000_000),
    "start of another picture": ("jpeg", between_scans(b"\xff\xd8")),
    "chunks": ("png", PNG[:33] + IDAT * (MAX_PIECES + 1) + PNG[33:]),
    "chunk beyond the end": ("png", PNG[:33] + b"\xff\xff\xff\xfftEXt" + PNG[33:]),
    "behind the pixels": ("png", PNG[:-12] + png.build_chunk(b"IDAT", PLACE) + PNG[-12:]),
    "pixels of a frame without one": ("png", PNG[:-12] + png.build_chunk(b"fdAT", PLACE) + PNG[-12:]),
    "RIFF chunks": ("webp", riff(webp.build_chunk(b"zzzz", b"") * (MAX_PIECES + 1))),
    "RIFF chunk beyond the end": ("webp", WEBP.replace(b"EXIF", b"EXIF\xff\xff\xff\x7f"[:8])[:-4]),
    "RIFF longer than it is": ("webp", b"RIFF\xff\xff\xff\x7f" + WEBP[8:]),
    "RIFF of nothing": ("webp", b"RIFF\0\0\0\0" + WEBP[8:]),
    "extensions": ("gif", GIF[:-1] + b"\x21\xfe\0" * (MAX_PIECES + 1) + b"\x3b"),
    "parts of an extension": ("gif", GIF[:-1] + b"\x21\xff\x0bICCRGBG1012" + b"\1x" * 1_000_000),
    "boxes": ("avif", picture("AVIF") + box(b"zzzz") * (MAX_PIECES + 1)),
    "box beyond the end": ("avif", picture("AVIF") + b"\xff\xff\xff\xffzzzz"),
    "boxes in boxes": ("avif", with_box(AVIF, b"meta", b"iprp", more=box(b"ipco", box(b"zzzz")) * MAX_PIECES)),
    "boxes in tracks": ("avif", with_box(ANIMATIONS["avif"], b"moov", more=box(b"trak", box(b"zzzz") * 50_000) * 20)),
    "references": ("avif", with_box(AVIF, b"meta", b"iref", more=MANY_REFERENCES * 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_does_not_hold_together_ends_soon_and_is_refused(name):
    kind, content = HOSTILE[name]
    start = time.process_time()
    with pytest.raises((Unproved, OverLimit)):
        copy_of(content, kind)
    assert time.process_time() - start < 10


@pytest.mark.parametrize("name", ["chunks", "RIFF longer than it is", "behind the pixels"])
def test_the_refusal_says_what_to_do(name):
    kind, content = HOSTILE[name]
    with pytest.raises(PublishingRefused, match="export it without location, and upload that"):
        copy_without_location(BytesIO(content), f"image/{kind}")


def test_a_webp_keeps_nothing_behind_the_length_that_it_says():
    assert copy_of(WEBP + PLACE, "webp") == copy_of(WEBP, "webp")
