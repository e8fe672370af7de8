"""What a stored file is served as: a short list may be shown in the browser, the rest is only downloaded."""

from django.utils.http import content_disposition_header

DOWNLOAD_TYPE = "application/octet-stream"
# The browser shows these without running anything of the uploader's. Never HTML, SVG, XML or any text.
INLINE_TYPES = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "webm": "video/webm",
    "webp": "image/webp",
}


def content_type_of(name: str) -> str:
    """Return the type to store and serve; the browser's claim about an upload is never asked.

    >>> content_type_of("photo.JPG"), content_type_of("page.html"), content_type_of("archive.svg.gz")
    ('image/jpeg', 'application/octet-stream', 'application/octet-stream')
    """
    return INLINE_TYPES.get(name.rpartition(".")[2].lower(), DOWNLOAD_TYPE)


def is_inline(content_type: str) -> bool:
    """Return whether a browser may show this type itself."""
    return content_type in INLINE_TYPES.values()


def is_streamed(content_type: str) -> bool:
    """Return whether a player asks for this again and again while it plays."""
    return content_type.startswith(("audio/", "video/"))


def disposition(content_type: str, file_name: str) -> str:
    """Return the Content-Disposition (RFC 6266) for a file that people call `file_name`."""
    return content_disposition_header(not is_inline(content_type), file_name) or "attachment"
