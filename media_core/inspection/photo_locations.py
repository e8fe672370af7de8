"""Where a photo was taken is not for the public."""

import tempfile
from contextlib import ExitStack
from typing import IO

from django.conf import settings

from media_core.errors import PublishingRefused
from media_core.inspection.verdicts import CLEANED, PROVED
from media_core.inspection.worker_process import open_read_only, run_inspection
from media_core.storages.file_types import (
    AVIF,
    DOWNLOAD_TYPE,
    GIF,
    JPEG,
    PNG,
    WEBP,
    find_type_by_name,
)
from tenants.models import FileGroup

# Enough to know a photo by.
HEAD_BYTES = 32
# How JPEG, PNG, GIF and TIFF begin, and what cameras make of TIFF; HEIC, AVIF and others say it behind a length.
_PHOTO_MAGIC = (
    b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIU\0", b"IIRO", b"IIRS",
    b"MMOR", b"FUJIFILM", b"\0MRM", b"FOVb", b"\xff\x0a",
)  # fmt: skip
_PHOTO_BRANDS = (b"hei", b"hev", b"mif", b"msf", b"avi", b"crx", b"jxl", b"jp2")
PHOTO_TYPES = {photo.content_type: photo.worker_kind for photo in (PNG, JPEG, GIF, WEBP, AVIF)}


def copy_without_location(photo: IO[bytes], content_type: str) -> IO[bytes] | None:
    """Return a copy of the photo without its location, or None when it holds the picture only, or is no photo.

    The copy shows the same picture bit by bit, with its colours and turned the same way. It has what it takes to
    show it, and nothing else that the file holds. The caller closes it. Other files than photos are not looked at.

    Raises PublishingRefused when the location cannot be taken out, InspectionBusy when too many others are checked.
    No query, no request to the bucket.
    """
    if content_type not in PHOTO_TYPES:
        return None
    with ExitStack() as on_failure:
        copy = on_failure.enter_context(tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR))
        with open_read_only(photo) as file:
            verdict = run_inspection("take-location-away", PHOTO_TYPES[content_type], file, copy)
        if verdict.says == CLEANED:
            copy.seek(0)
            on_failure.pop_all()
            return copy
    if verdict.says == PROVED:
        return None
    raise PublishingRefused(
        f"Where the photo was taken cannot be removed ({verdict.why}): export it without location, and upload that."
    )


def may_contain_location(content_type: str, name: str) -> bool:
    """Return whether a file of this type may have a location saved in it where nobody sees it, as it is published.

    >>> may_contain_location("video/mp4", "a.mp4"), may_contain_location("application/pdf", "a.pdf")
    (True, True)
    >>> may_contain_location("application/octet-stream", "a.txt")
    False
    """
    if content_type in PHOTO_TYPES:
        return not settings.PUBLIC_PHOTOS_WITHOUT_LOCATION
    kind = find_type_by_name(name)
    # What is not known may hold anything, a text only what everybody sees.
    return content_type != DOWNLOAD_TYPE or kind is None or kind.group != FileGroup.TEXT


def may_be_photo(head: bytes) -> bool:
    r"""Return whether a file that begins so may be a photo, of a kind that is known here or not.

    >>> may_be_photo(b"\0\0\0\x18ftypheic"), may_be_photo(b"a text")
    (True, False)
    """
    if head.startswith(b"RIFF"):
        return head[8:12] == b"WEBP"
    if head[4:8] == b"ftyp":
        return head[8:].startswith(_PHOTO_BRANDS)
    return head.startswith(_PHOTO_MAGIC) or head[4:8] in {b"JXL ", b"jP  "}
