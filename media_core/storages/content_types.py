"""What a stored file is served as: a short list may be shown in the browser, the rest is only downloaded."""

import re

from django.utils.http import content_disposition_header

from media_core.bucket.percent import encode_component, encode_path, encode_twice
from media_core.storages.file_types import INLINE_TYPES

# Needs no escape between quotation marks.
_is_plain = re.compile(r"[\t !#-\[\]-~]+").fullmatch


def is_inline(content_type: str) -> bool:
    """Return whether a browser may show this type itself."""
    return content_type in INLINE_TYPES


def is_streamed(content_type: str) -> bool:
    """Return whether a player asks for this again and again while it plays."""
    return content_type.startswith(("audio/", "video/"))


def build_disposition(content_type: str, file_name: str) -> str:
    """Return the Content-Disposition (RFC 6266) for a file that people call `file_name`.

    It is what Django writes. The two usual kinds of names are written here: every link needs one.

    >>> build_disposition("application/pdf", "Größe.pdf"), build_disposition("text/html", "a.html")
    ("inline; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf", 'attachment; filename="a.html"')
    """
    how = "inline" if is_inline(content_type) else "attachment"
    if not file_name.isascii():
        return f"{how}; filename*=utf-8''{encode_path(file_name)}"
    if _is_plain(file_name):
        return f'{how}; filename="{file_name}"'
    return content_disposition_header(how == "attachment", file_name) or "attachment"


def encode_disposition(content_type: str, file_name: str) -> str:
    """Return `encode_component(build_disposition(content_type, file_name))`, at half the cost for names beyond ASCII.

    >>> encode_disposition("application/pdf", "Größe.pdf")
    'inline%3B%20filename%2A%3Dutf-8%27%27Gr%25C3%25B6%25C3%259Fe.pdf'
    """
    if file_name.isascii():
        return encode_component(build_disposition(content_type, file_name))
    how = "inline" if is_inline(content_type) else "attachment"
    return f"{how}%3B%20filename%2A%3Dutf-8%27%27{encode_twice(file_name)}"
