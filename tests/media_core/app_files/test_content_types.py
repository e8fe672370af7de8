"""What an app's file is served as, by its bytes alone: a short list may be shown, all else is only downloaded."""

from io import BytesIO

import pytest

from media_core.app_files.content_types import detect_content_type
from media_core.storages.file_types import DOWNLOAD_TYPE, INLINE_TYPES
from tests.samples import animation, mp3, pdf, picture, samples, zipped

SHOWN = {
    "png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "avif": "image/avif",
    "pdf": "application/pdf", "mp4": "video/mp4", "webm": "video/webm", "mp3": "audio/mpeg", "m4a": "audio/mp4",
    "ogg": "audio/ogg", "wav": "audio/wav",
}  # fmt: skip
SAMPLES = samples()


def seen(body: bytes) -> str:
    file = BytesIO(body)
    found = detect_content_type(file)
    assert file.tell() == 0
    return found


@pytest.mark.parametrize("extension", sorted(SHOWN))
def test_what_a_browser_may_show_is_known_by_its_bytes(extension):
    assert seen(SAMPLES[extension]) == SHOWN[extension]
    assert SHOWN[extension] in INLINE_TYPES


@pytest.mark.parametrize("extension", ["docx", "xlsx", "odt", "zip", "txt", "csv", "md", "mov"])
def test_every_other_sample_is_a_plain_download(extension):
    assert seen(SAMPLES[extension]) == DOWNLOAD_TYPE


def test_the_list_is_that_of_documents():
    assert set(SHOWN.values()) == INLINE_TYPES


HOSTILE = {
    "empty": b"",
    "html": b"<!doctype html><script>alert(1)</script>",
    "html after a space": b"\n \t<html>",
    "html with a byte order mark": b"\xef\xbb\xbf<html>",
    "html in UTF-16": "<html>".encode("utf-16"),
    "svg": b"<?xml version='1.0'?><svg onload='alert(1)'/>",
    "xml": b"<?xml version='1.0'?><?xml-stylesheet href='x'?>",
    "script": b"alert(1)",
    "styles": b"body{background:url(x)}",
    "half a PNG signature": b"\x89PNG\r\n",
    "PDF with a ZIP behind": pdf() + zipped({"x": b"x"}),
    "PDF without an end": b"%PDF-1.7\n<script>",
    "PNG that is a ZIP as well": picture("PNG") + zipped({"x.html": b"<script>"}),
    "JPEG that is a ZIP as well": picture("JPEG") + zipped({"x.html": b"<script>"}),
    "movie of nothing": b"\0\0\0\x18ftypisom\0\0\0\0isommp42",
    "MP3 of one frame and text": mp3()[:40] + b"<script>alert(1)</script>" * 40,
    "the first bytes of an ID3 tag": b"ID3\x03",
    "ID3 and HTML": b"ID3\x03\0\0\0\0\0\0<html><script>",
    "Ogg and HTML": b"OggS\0" + b"<html>" * 20,
    "WAV and HTML": b"RIFF\x10\0\0\0WAVE<html><script>",
    "EBML and HTML": b"\x1a\x45\xdf\xa3<html>",
    "RIFF of another kind": b"RIFF\x10\0\0\0AVI <html>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_proved_is_a_plain_download(name):
    assert seen(HOSTILE[name]) == DOWNLOAD_TYPE


def test_an_animation_is_shown():
    assert seen(animation("GIF")) == "image/gif"
