"""Proof of a text: all of it is text, and none of it is a page or a program in disguise."""

import codecs
import re
from collections.abc import Iterator
from typing import IO

from media_core.inspection.verdicts import Unproved

CHUNK_BYTES = 1_000_000
# Longer than anything that is looked for, so that nothing hides between two chunks.
OVERLAP = 200
HEAD_CHARACTERS = 2_000
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
# What a browser would run or show wherever it stands, and however late. Possessive (`+` behind a number): what is tried
# again and again in other lengths holds up everybody, and finds nothing more.
MARKUP = re.compile(
    r"<(?:!doctype\s|!entity\s|\?xml[\s?]|\?php|script[\s>/]|html[\s>/]|head[\s>/]|body[\s>/]|svg[\s>/:]"
    r"|iframe[\s>/]|object[\s>/]|embed[\s>/]|xsl:|foreignobject)|<\w{1,30}+[^<>]{0,80}\son[a-z]{3,20}+\s*+=",
    re.IGNORECASE,
)
# What makes it a page, a program or a saved mail when it stands first.
PAGE_BEGINNINGS = re.compile(
    r"\s*(?:<[!?a-z/]|#!|%!|mime-version:|\{\\rtf|javascript:)", re.IGNORECASE
)
SAVED_PAGE = re.compile(
    r"^content-type:\s*(?:multipart/related|text/html)", re.IGNORECASE | re.MULTILINE
)


def prove_text(file: IO[bytes]) -> None:
    """Raise Unproved for what is no text in UTF-8, or UTF-16 with its mark, or looks like a page or a program."""
    before = ""
    for chunk in _decode_text(file):
        if CONTROL_CHARACTERS.search(chunk):
            raise Unproved("it has characters that no text has")
        seen = before + chunk
        if not before and (
            PAGE_BEGINNINGS.match(seen) or SAVED_PAGE.search(seen[:HEAD_CHARACTERS])
        ):
            raise Unproved("it begins like a page or a program")
        if MARKUP.search(seen):
            raise Unproved("it holds markup that a browser would run")
        before = seen[-OVERLAP:]


def _decode_text(file: IO[bytes]) -> Iterator[str]:
    file.seek(0)
    mark = file.read(4)
    encoding = next(
        (name for bom, name in BYTE_ORDER_MARKS.items() if mark.startswith(bom)), "utf-8"
    )
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while chunk := file.read(CHUNK_BYTES):
            if text := decoder.decode(chunk):
                yield text
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Unproved("it is no text in UTF-8") from error
