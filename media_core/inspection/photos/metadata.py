"""Which descriptions inside a picture say where it was taken, or may say so. Plain Python and Pillow.

In doubt the answer is yes: what cannot be read may hold a location, and so may a maker's own notes.
"""

import re
import struct
import warnings

from PIL import ExifTags, Image

EXIF_MARK = b"Exif\0\0"
GPS, DETAILS, MAKER_NOTE, ORIENTATION = 0x8825, 0x8769, 0x927C, 0x0112
# What EXIF says of the small picture in it; programs look for a place there, too.
THUMBNAIL = ExifTags.IFD.IFD1
# Other descriptions inside of EXIF: XMP, IPTC, Photoshop's.
NESTED = frozenset({0x02BC, 0x83BB, 0x8649})
XMP_PLACES = re.compile(
    rb"GPS|\bgeo:|wgs84|[:<\s](?:Location\w*|Sub-?location|City|State|Province\w*|Country\w*|WorldRegion)\b",
    re.IGNORECASE,
)
# A dataset of IPTC: content location, city, sublocation, province, country.
IPTC_PLACES = re.compile(rb"\x1c\x02[\x1a\x1b\x5a\x5c\x5f\x64\x65]")
# Photoshop's resources that hold EXIF and XMP.
NESTED_RESOURCES = (b"8BIM\x04\x22", b"8BIM\x04\x23", b"8BIM\x04\x24")
DEFAULT_ORIENTATION = 1
ORIENTATIONS = range(1, 9)
# How Pillow says that a description is broken.
UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    struct.error,
    Warning,
)


def exif_tells(block: bytes) -> bool:
    """Return whether an EXIF block says where the picture was taken, or may."""
    exif = _parsed(block)
    if exif is None or EXIF_MARK in block[len(EXIF_MARK) :] or b"ns.adobe.com/xap" in block:
        return True
    try:
        return bool(
            exif.get_ifd(GPS)
            or (NESTED | {GPS}) & (set(exif) | set(exif.get_ifd(THUMBNAIL)))
            or MAKER_NOTE in exif.get_ifd(DETAILS)
        )
    except UNREADABLE:
        return True


def orientation_of(block: bytes) -> int:
    """Return how the picture is to be turned, as EXIF says it."""
    exif = _parsed(block)
    said = exif.get(ORIENTATION, DEFAULT_ORIENTATION) if exif else DEFAULT_ORIENTATION
    return said if isinstance(said, int) and said in ORIENTATIONS else DEFAULT_ORIENTATION


def exif_with(orientation: int) -> bytes:
    """Return an EXIF block that says how to turn the picture, and nothing else; empty when it stands upright."""
    if orientation == DEFAULT_ORIENTATION:
        return b""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes()


def xmp_tells(packet: bytes) -> bool:
    """Return whether an XMP packet says where the picture was taken, or cannot be read."""
    return b"\0" in packet.rstrip(b"\0") or bool(XMP_PLACES.search(packet))


def iptc_tells(block: bytes) -> bool:
    """Return whether Photoshop's block says where the picture was taken, or holds what may."""
    return bool(IPTC_PLACES.search(block)) or any(mark in block for mark in NESTED_RESOURCES)


def _parsed(block: bytes) -> Image.Exif | None:
    """Return what an EXIF block says, None when it cannot be read."""
    exif = Image.Exif()
    try:
        # Pillow warns of what it skips; other programs may read it all the same.
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exif.load(block if block.startswith(EXIF_MARK) else EXIF_MARK + block)
            for inner in (DETAILS, GPS, THUMBNAIL):
                exif.get_ifd(inner)
    except UNREADABLE:
        return None
    return exif
