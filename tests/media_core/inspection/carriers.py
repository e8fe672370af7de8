"""Pictures that carry a place where nobody looks for one: in pieces that programs pass over."""

import zlib
from collections.abc import Iterator

from media_core.inspection.photos import gif, jpeg, png, webp
from tests.media_core.inspection.carriers_avif import avifs
from tests.media_core.inspection.photos import (
    PLACE,
    PROFILE,
    XMP,
    exif,
    iptc,
    jpeg_with,
    segment,
    text,
    user_comment,
)
from tests.samples import animation, box, image, picture

BEHIND_PROFILE = PROFILE + PLACE


def in_front(content: bytes, mark: bytes, piece: bytes) -> bytes:
    """Return the picture with a piece more, in front of where this is first."""
    at = content.index(mark)
    return content[:at] + piece + content[at:]


def between_scans(piece: bytes) -> bytes:
    content = picture("JPEG", progressive=True)
    second = [part for part in jpeg.iterate_segments(content) if part.marker == jpeg.SCAN][1]
    return content[: second.start] + piece + content[second.start :]


def profile_part(content: bytes, number: int = 1, total: int = 1) -> bytes:
    return segment(0xE2, b"ICC_PROFILE\0" + bytes([number, total]) + content)


def jpegs() -> Iterator[tuple[str, bytes]]:
    content = picture("JPEG")
    for marker in (*range(0xE0, 0xF0), 0xFE, 0xDC, 0xF0, 0xFD, 0xC8, 0xDE):
        yield f"segment {marker:X}", jpeg_with(segment(marker, PLACE))
        yield f"segment {marker:X} between scans", between_scans(segment(marker, PLACE))
    yield "C2PA", jpeg_with(segment(0xEB, b"JP\0\1\0\0\0\1" + box(b"jumb", PLACE)))
    yield "GPMF", jpeg_with(segment(0xE6, b"GoPro\0DEVC" + PLACE))
    yield (
        "XMP of a drone",
        jpeg_with(
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP % (b'drone:Where="%s"' % PLACE))
        ),
    )
    yield (
        "MPF with another picture behind",
        jpeg_with(segment(0xE2, b"MPF\0MM\0*" + PLACE)) + content + PLACE,
    )
    yield "Photoshop's", jpeg_with(iptc(80, PLACE))
    yield "comment", picture("JPEG", comment=PLACE)
    yield "UserComment", picture("JPEG", exif=user_comment())
    yield "behind EXIF", jpeg_with(segment(0xE1, exif(place=False, orientation=6) + PLACE))
    yield "behind the end", content + PLACE
    yield (
        "small picture of JFIF",
        content.replace(content[2:20], segment(0xE0, content[6:18] + b"\2\3" + PLACE + b"\0")),
    )
    yield "behind Adobe's", jpeg_with(segment(0xEE, b"Adobe\0\x64\0\0\0\0\1" + PLACE))
    yield "behind the profile", jpeg_with(profile_part(BEHIND_PROFILE))
    yield (
        "profile of several parts",
        jpeg_with(profile_part(BEHIND_PROFILE[200:], 2, 2), profile_part(PROFILE[:200], 1, 2)),
    )
    yield "no profile", jpeg_with(profile_part(PLACE))


def pngs() -> Iterator[tuple[str, bytes]]:
    content = picture("PNG")
    for name in (
        b"caBX",
        b"tEXt",
        b"zTXt",
        b"iTXt",
        b"eXIf",
        b"tIME",
        b"sPLT",
        b"hIST",
        b"iDOT",
        b"prVt",
        b"zzZz",
        b"iCCP",
    ):
        yield (
            f"chunk {name.decode()}",
            in_front(content, content[33:37], png.build_chunk(name, b"x\0" + PLACE)),
        )
        yield (
            f"chunk {name.decode()} at the end",
            content[:-12] + png.build_chunk(name, PLACE) + content[-12:],
        )
    for name, most in png.KEPT_ONCE.items():
        if name not in {b"IHDR", b"IEND", b"acTL", b"PLTE", b"tRNS"}:
            long = png.build_chunk(name, bytes(most) + PLACE)
            yield f"long {name.decode()}", in_front(content, content[33:37], long)
    yield "packed text", text("Comment", PLACE.decode(), compressed=True)
    yield "international text", text("Comment", PLACE.decode(), international=True)
    yield "UserComment", picture("PNG", exif=user_comment())
    yield "comment as raw EXIF", text("Raw profile type exif", PLACE.hex())
    yield "behind the end", content + PLACE
    profile = b"icc\0\0" + zlib.compress(PROFILE)
    yield (
        "name of the profile",
        in_front(content, content[33:37], png.build_chunk(b"iCCP", PLACE + profile[3:])),
    )
    yield (
        "behind the packed profile",
        in_front(content, content[33:37], png.build_chunk(b"iCCP", profile + PLACE)),
    )
    yield (
        "behind the profile",
        in_front(
            content,
            content[33:37],
            png.build_chunk(b"iCCP", b"x\0\0" + zlib.compress(BEHIND_PROFILE, 0)),
        ),
    )
    yield (
        "in an animation",
        in_front(animation("PNG"), b"\0\0\0\x1afcTL", png.build_chunk(b"zzZz", PLACE)),
    )


def with_chunk(content: bytes, name: bytes, payload: bytes) -> bytes:
    """Return a WebP with a chunk more at its end."""
    body = content[8:] + webp.build_chunk(name, payload)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def with_longer_chunk(content: bytes, name: bytes, payload: bytes) -> bytes:
    """Return a WebP the first chunk of which of this name has something behind it."""
    found = next(chunk for chunk in webp.iterate_chunks(content) if chunk.name == name)
    own = webp.build_chunk(name, content[found.start : found.end] + payload)
    body = content[8 : found.start - 8] + own + content[found.end + found.end % 2 :]
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def webps() -> Iterator[tuple[str, bytes]]:
    content, moving = picture("WEBP", icc_profile=PROFILE), animation("WEBP")
    for name in (b"EXIF", b"XMP ", b"C2PA", b"zzzz", b"ICCP", b"ANIM", b"VP8 "):
        yield f"chunk {name.decode()}", with_chunk(content, name, PLACE)
        yield f"chunk {name.decode()} in an animation", with_chunk(moving, name, PLACE)
    yield "chunk of a simple file", with_chunk(picture("WEBP"), b"zzzz", PLACE)
    yield "UserComment", picture("WEBP", exif=user_comment())
    yield "XMP", picture("WEBP", xmp=XMP % (b'drone:Where="%s"' % PLACE))
    yield "behind its features", with_longer_chunk(moving, b"VP8X", PLACE)
    yield "behind the background", with_longer_chunk(moving, b"ANIM", PLACE)
    yield "chunk of a frame", with_longer_chunk(moving, b"ANMF", webp.build_chunk(b"zzzz", PLACE))
    yield "behind the profile", with_longer_chunk(content, b"ICCP", PLACE)
    yield "behind the end", content + PLACE


def gifs() -> Iterator[tuple[str, bytes]]:
    content = picture("GIF")
    moving = picture(
        "GIF",
        image(mode="P"),
        save_all=True,
        append_images=[image((60, 40), "L")],
        loop=3,
        duration=70,
    )
    for label in (0xFE, 0x01, 0x00, 0x77, gif.IMAGE, gif.TRAILER, gif.EXTENSION):
        for where, whole in (("", content), (" in an animation", moving)):
            start = next(gif.iterate_blocks(whole)).start
            yield (
                f"extension {label:X}{where}",
                whole[:start] + gif.build_extension(label, PLACE) + whole[start:],
            )
    application = next(gif.iterate_blocks(content)).start
    for name in (b"XMP DataXMP", b"ICCRGBG1012", b"NETSCAPE2.0", b"C2PA_GIF\1\0\0", b"ANIMEXTS1.0"):
        yield (
            f"application {name[:8].decode()}",
            (
                content[:application]
                + gif.build_extension(0xFF, name, PLACE)
                + content[application:]
            ),
        )
    yield (
        "behind the profile",
        (
            content[:application]
            + gif.build_extension(
                0xFF, b"ICCRGBG1012", PROFILE[:255], PROFILE[255:510], PROFILE[510:], PLACE
            )
            + content[application:]
        ),
    )
    yield (
        "behind the loop",
        moving.replace(b"\3\1\3\0\0", b"\3\1\3\0" + bytes([len(PLACE)]) + PLACE + b"\0"),
    )
    control = moving.index(b"\x21\xf9\4")
    yield (
        "behind a control",
        moving[: control + 7] + bytes([len(PLACE)]) + PLACE + moving[control + 7 :],
    )
    yield (
        "in a control",
        moving[: control + 2]
        + bytes([4 + len(PLACE)])
        + moving[control + 3 : control + 7]
        + PLACE
        + moving[control + 7 :],
    )
    yield "behind the end", content + PLACE


CARRIERS = {
    f"{kind} {name}": (kind, content)
    for kind, made in (
        ("jpeg", jpegs),
        ("png", pngs),
        ("webp", webps),
        ("gif", gifs),
        ("avif", avifs),
    )
    for name, content in made()
}
