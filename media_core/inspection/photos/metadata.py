"""What a public copy keeps of a picture's descriptions: how to turn it, and what its colours are."""

import struct
import warnings

from PIL import Image

EXIF_MARK = b"Exif\0\0"
ORIENTATION = 0x0112
DEFAULT_ORIENTATION = 1
ORIENTATIONS = range(1, 9)
# How Pillow says that a description is broken.
PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    struct.error,
    Warning,
)
# ICC.1, 7.2: a profile begins with its size, and has its signature at byte 36.
PROFILE_HEADER_BYTES = 128
PROFILE_SIGNATURE = b"acsp"
MAX_PROFILE_BYTES = 16_000_000


def read_orientation(block: bytes) -> int:
    """Return how the picture is to be turned, as EXIF says it; upright where that cannot be read."""
    exif = Image.Exif()
    try:
        # Pillow warns of what it skips. How to turn the picture may be readable all the same.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exif.load(block if block.startswith(EXIF_MARK) else EXIF_MARK + block)
            said = exif.get(ORIENTATION)
    except PILLOW_ERRORS:
        return DEFAULT_ORIENTATION
    return said if isinstance(said, int) and said in ORIENTATIONS else DEFAULT_ORIENTATION


def build_exif(orientation: int) -> bytes:
    """Return an EXIF block that says how to turn the picture, and nothing else; empty when it stands upright."""
    if orientation == DEFAULT_ORIENTATION:
        return b""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes()


def read_profile(content: bytes) -> bytes:
    """Return a colour profile without bytes after its end; empty when it is not a profile."""
    size = int.from_bytes(content[:4], "big")
    is_profile = content[36:40] == PROFILE_SIGNATURE
    return content[:size] if is_profile and PROFILE_HEADER_BYTES <= size <= len(content) else b""
