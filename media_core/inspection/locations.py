"""Where a photo was taken is not for the public."""

import tempfile
from contextlib import ExitStack
from typing import IO

from django.conf import settings

from media_core.errors import PublishingRefused
from media_core.inspection.bounded import lent_read_only, run_inspection
from media_core.inspection.verdicts import CLEANED, PROVED
from media_core.storages.file_types import AVIF, GIF, JPEG, PNG, WEBP

# Enough to know a photo by.
HEAD_BYTES = 32
# How JPEG, PNG, GIF and TIFF begin, and what cameras make of TIFF; HEIC, AVIF and others say it behind a length.
_BEGINNINGS = (
    b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIU\0", b"IIRO", b"IIRS",
    b"MMOR", b"FUJIFILM", b"\0MRM", b"FOVb", b"\xff\x0a",
)  # fmt: skip
_BRANDS = (b"hei", b"hev", b"mif", b"msf", b"avi", b"crx", b"jxl", b"jp2")
PHOTOS = {photo.content_type: photo.word for photo in (PNG, JPEG, GIF, WEBP, AVIF)}


def without_location(photo: IO[bytes], content_type: str) -> IO[bytes] | None:
    """Return a copy of the photo without its location, or None when it has none and may be published as it is.

    The copy shows the same picture bit by bit, with its colours and turned the same way; all else that was written
    about it is gone. The caller closes it. Other files than pictures have no location that is known here.

    Raises PublishingRefused when the location cannot be taken out, InspectionBusy when too many others are checked.
    No query, no request to the bucket.
    """
    if content_type not in PHOTOS:
        return None
    with ExitStack() as on_failure:
        copy = on_failure.enter_context(tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR))
        with lent_read_only(photo) as file:
            verdict = run_inspection("take-location-away", PHOTOS[content_type], file, copy)
        if verdict.says == CLEANED:
            copy.seek(0)
            on_failure.pop_all()
            return copy
    if verdict.says == PROVED:
        return None
    raise PublishingRefused(
        f"Where the photo was taken cannot be removed ({verdict.why}): export it without location, and upload that."
    )


def looks_like_photo(head: bytes) -> bool:
    r"""Return whether a file that begins so may be a photo, of a kind that is known here or not.

    >>> looks_like_photo(b"\0\0\0\x18ftypheic"), looks_like_photo(b"a text")
    (True, False)
    """
    if head.startswith(b"RIFF"):
        return head[8:12] == b"WEBP"
    if head[4:8] == b"ftyp":
        return head[8:].startswith(_BRANDS)
    return head.startswith(_BEGINNINGS) or head[4:8] in {b"JXL ", b"jP  "}
