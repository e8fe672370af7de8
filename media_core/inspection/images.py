"""Proof of a picture: all of it decodes, as the one format that its name says. Runs in the worker; plain Python."""

import warnings
from importlib import import_module
from types import ModuleType
from typing import IO

from PIL import Image

from media_core.inspection.photos import avif, gif, jpeg, png, webp
from media_core.inspection.verdicts import (
    MAX_ANIMATION_PIXELS,
    MAX_FRAMES,
    MAX_PICTURE_BYTES,
    MAX_PICTURE_PIXELS,
    MAX_SCANS,
    OverLimit,
    Unproved,
)

# What Pillow calls it, its own module for it, and ours that knows how the file is put together.
FORMATS: dict[str, tuple[str, str, ModuleType]] = {
    "png": ("PNG", "PngImagePlugin", png),
    "jpeg": ("JPEG", "JpegImagePlugin", jpeg),
    "gif": ("GIF", "GifImagePlugin", gif),
    "webp": ("WEBP", "WebPImagePlugin", webp),
    "avif": ("AVIF", "AvifImagePlugin", avif),
}


def prove_picture(file: IO[bytes], kind: str) -> None:
    """Raise Unproved for what does not decode to its end, OverLimit for more pixels or frames than are looked at."""
    if file.seek(0, 2) > MAX_PICTURE_BYTES:
        raise OverLimit(f"It is larger than {MAX_PICTURE_BYTES} bytes.")
    if kind == "jpeg":
        _refuse_many_scans(file)
    with open_picture(file, kind) as picture:
        _decode(picture)
    file.seek(0)
    if FORMATS[kind][2].has_trailing_data(file.read()):
        raise Unproved("something else stands behind the picture")


def _refuse_many_scans(file: IO[bytes]) -> None:
    file.seek(0)
    scans = sum(segment.marker == jpeg.SCAN for segment in jpeg.iterate_segments(file.read()))
    if scans > MAX_SCANS:
        raise OverLimit(f"It is drawn in {scans} scans; {MAX_SCANS} is the most.")


def open_picture(file: IO[bytes], kind: str) -> Image.Image:
    """Return the picture, not yet decoded: no other format is tried, whatever the bytes say."""
    name, plugin, _ = FORMATS[kind]
    # Pillow would load every format that it knows when this one is not there yet.
    import_module(f"PIL.{plugin}")
    Image.MAX_IMAGE_PIXELS = MAX_PICTURE_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    file.seek(0)
    try:
        return Image.open(file, formats=[name])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise OverLimit(f"It has more than {MAX_PICTURE_PIXELS} pixels.") from bomb
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, Warning) as error:
        raise Unproved("it does not begin like one") from error


def _decode(picture: Image.Image) -> None:
    """Decode every frame; the size is asked before, and the sum of all frames is bounded."""
    # A JPEG may carry others behind it, for other screens; they are no frames.
    frames = 1 if picture.format == "MPO" else int(getattr(picture, "n_frames", 1))
    if frames > MAX_FRAMES:
        raise OverLimit(f"It has {frames} frames; {MAX_FRAMES} is the most.")
    pixels = 0
    try:
        for number in range(frames):
            picture.seek(number)
            pixels += _count_pixels(picture, pixels)
            picture.load()
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, Warning) as error:
        raise Unproved("it cannot be decoded to its end") from error


def _count_pixels(picture: Image.Image, before: int) -> int:
    pixels = picture.width * picture.height
    if pixels > MAX_PICTURE_PIXELS:
        raise OverLimit(f"It has more than {MAX_PICTURE_PIXELS} pixels.")
    if before + pixels > MAX_ANIMATION_PIXELS:
        raise OverLimit(f"Its frames have more than {MAX_ANIMATION_PIXELS} pixels.")
    return pixels
