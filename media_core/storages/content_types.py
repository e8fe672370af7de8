"""What a stored file is served as: a short list may be shown in the browser, the rest is only downloaded."""

from django.utils.http import content_disposition_header

from media_core.storages.file_types import INLINE_TYPES


def is_inline(content_type: str) -> bool:
    """Return whether a browser may show this type itself."""
    return content_type in INLINE_TYPES


def is_streamed(content_type: str) -> bool:
    """Return whether a player asks for this again and again while it plays."""
    return content_type.startswith(("audio/", "video/"))


def disposition(content_type: str, file_name: str) -> str:
    """Return the Content-Disposition (RFC 6266) for a file that people call `file_name`."""
    return content_disposition_header(not is_inline(content_type), file_name) or "attachment"
