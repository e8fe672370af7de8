"""Photos that say where they were taken, in every way that is known."""

import warnings
from io import BytesIO

from PIL import Image, PngImagePlugin
from PIL.ImageCms import ImageCmsProfile, createProfile

from media_core.inspection.photos.metadata import read_orientation, read_profile
from tests.samples import image, picture

GPS_IFD, DETAILS_IFD, ORIENTATION, MAKER_NOTE = 0x8825, 0x8769, 0x0112, 0x927C
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description %s/></rdf:RDF></x:xmpmeta>'
XMP_PLACES = (
    b'exif:GPSLatitude="48,8.5N"',
    b'photoshop:City="Berlin"',
    b'Iptc4xmpCore:Location="Home"',
)
HARMLESS_XMP = XMP % b'dc:creator="Ada"'
USER_COMMENT = 0x9286
# What no public copy may hold.
PLACE = b"48.1372N 11.5756E"
PROFILE = ImageCmsProfile(createProfile("sRGB")).tobytes()


def exif(*, place: bool = True, orientation: int = 1, maker_note: bool = False) -> bytes:
    """Return an EXIF block, with 48° 8' N 11° 34' O unless it is to say nothing."""
    block = Image.Exif()
    block[0x010F] = "A maker of cameras"
    if orientation != 1:
        block[ORIENTATION] = orientation
    if place:
        block.get_ifd(GPS_IFD).update({1: "N", 2: (48.0, 8.0, 0.0), 3: "E", 4: (11.0, 34.0, 0.0)})
    if maker_note:
        block.get_ifd(DETAILS_IFD)[MAKER_NOTE] = b"PlaceName=Berlin"
    return block.tobytes()


def user_comment() -> bytes:
    """Return an EXIF block with a place in a comment."""
    block = Image.Exif()
    block.get_ifd(DETAILS_IFD)[USER_COMMENT] = b"ASCII\0\0\0" + PLACE
    return block.tobytes()


def text(
    keyword: str, value: str, *, compressed: bool = False, international: bool = False
) -> bytes:
    """Return a PNG with one text in it."""
    info = PngImagePlugin.PngInfo()
    add = info.add_itxt if international else info.add_text
    add(keyword, value, zip=compressed)
    return picture("PNG", pnginfo=info)


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def jpeg_with(*segments: bytes) -> bytes:
    content = picture("JPEG")
    return content[:2] + b"".join(segments) + content[2:]


def iptc(dataset: int, value: bytes) -> bytes:
    record = b"\x1c\x02" + bytes([dataset]) + len(value).to_bytes(2, "big") + value
    return segment(
        0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + len(record).to_bytes(4, "big") + record
    )


def gif_with_xmp(packet: bytes) -> bytes:
    content = picture("GIF")
    block = b"\x21\xff\x0bXMP DataXMP" + packet + b"\1" + bytes(range(255, -1, -1)) + b"\0"
    at = content.index(b"\x2c\0\0\0\0")
    return content[:at] + block + content[at:]


def exif_of_a_small_one() -> bytes:
    """Return an EXIF block that says of the small picture in it only that it was taken in the north."""
    one, last = (1).to_bytes(2, "big"), bytes(4)
    first = one + (ORIENTATION).to_bytes(2, "big") + b"\0\3\0\0\0\1\0\1\0\0"
    second = one + (GPS_IFD).to_bytes(2, "big") + b"\0\4\0\0\0\1\0\0\0\x2c" + last
    gps = one + b"\0\1\0\2\0\0\0\2N\0\0\0" + last
    return b"Exif\0\0MM\0*\0\0\0\x08" + first + b"\0\0\0\x1a" + second + gps


THUMBNAIL = picture("JPEG", image((16, 16)), exif=exif())
TELLING = {
    **{f"{kind} EXIF": (kind, picture(kind.upper(), exif=exif())) for kind in ("jpeg", "png", "webp", "avif")},
    **{
        f"{kind} XMP {number}": (kind, picture(kind.upper(), xmp=XMP % place))
        for kind in ("jpeg", "webp", "avif")
        for number, place in enumerate(XMP_PLACES)
    },
    "jpeg IPTC city": ("jpeg", jpeg_with(iptc(90, b"Berlin"))),
    "jpeg IPTC place": ("jpeg", jpeg_with(iptc(92, b"Home"))),
    "jpeg long XMP": ("jpeg", jpeg_with(segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"x" * 40))),
    "jpeg XMP in UTF-16": ("jpeg", picture("JPEG", xmp=(XMP % XMP_PLACES[0]).decode().encode("utf-16"))),
    "jpeg with another behind": ("jpeg", picture("JPEG") + picture("JPEG", exif=exif())),
    "jpeg with a film behind": ("jpeg", picture("JPEG") + b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\xa9xyz"),
    "jpeg with a small one inside": ("jpeg", jpeg_with(segment(0xE1, exif(place=False) + THUMBNAIL))),
    "jpeg of a maker's own notes": ("jpeg", picture("JPEG", exif=exif(place=False, maker_note=True))),
    "jpeg place beside a small one": ("jpeg", jpeg_with(segment(0xE1, exif_of_a_small_one()))),
    "jpeg broken EXIF": ("jpeg", jpeg_with(segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff"))),
    "png XMP": ("png", text("XML:com.adobe.xmp", (XMP % XMP_PLACES[0]).decode(), international=True)),
    "png packed XMP": ("png", text("XML:com.adobe.xmp", "x", international=True, compressed=True)),
    "png raw EXIF": ("png", text("Raw profile type exif", "00")),
    "png raw packed XMP": ("png", text("Raw profile type xmp", "00", compressed=True)),
    "png of ImageMagick": ("png", text("exif:GPSLatitude", "48/1")),
    "gif XMP": ("gif", gif_with_xmp(XMP % XMP_PLACES[0])),
}  # fmt: skip
OTHERWISE_DESCRIBED = {
    "jpeg EXIF": ("jpeg", picture("JPEG", exif=exif(place=False, orientation=6))),
    "jpeg XMP": ("jpeg", picture("JPEG", xmp=HARMLESS_XMP)),
    "jpeg IPTC": ("jpeg", jpeg_with(iptc(80, b"Ada"))),
    "png text": ("png", text("Software", "GIMP")),
    "png EXIF": ("png", picture("PNG", exif=exif(place=False))),
    "gif XMP": ("gif", gif_with_xmp(HARMLESS_XMP)),
    "webp": ("webp", picture("WEBP", exif=exif(place=False), xmp=HARMLESS_XMP)),
    "avif": ("avif", picture("AVIF", exif=exif(place=False))),
}


def describe_picture(content: bytes) -> list[object]:
    """Return what somebody sees: how the picture is turned, its colours and its frames, each with its duration."""
    # Pillow says of a broken description that it is broken.
    with warnings.catch_warnings(action="ignore"), Image.open(BytesIO(content)) as drawn:
        frames = 1 if drawn.format == "MPO" else getattr(drawn, "n_frames", 1)
        seen: list[object] = []
        for number in range(frames):
            drawn.seek(number)
            drawn.load()
            seen.append((drawn.size, drawn.mode, drawn.tobytes(), drawn.info.get("duration")))
        turn = read_orientation(drawn.info.get("exif", b""))
        profile = read_profile(drawn.info.get("icc_profile") or b"")
        return [turn, profile, frames > 1 and drawn.info.get("loop"), *seen]
