"""Small real files of every type, made on the spot: nothing is bundled."""

import struct
import wave
import zipfile
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from typing import Any

from fpdf import FPDF
from PIL import Image

OPEN_XML = "application/vnd.openxmlformats-officedocument"
MAIN_PARTS = {
    "docx": ("word/document.xml", f"{OPEN_XML}.wordprocessingml.document.main+xml"),
    "xlsx": ("xl/workbook.xml", f"{OPEN_XML}.spreadsheetml.sheet.main+xml"),
    "pptx": ("ppt/presentation.xml", f"{OPEN_XML}.presentationml.presentation.main+xml"),
}
OPEN_DOCUMENT = {"odt": "text", "ods": "spreadsheet", "odp": "presentation"}


@cache
def pdf() -> bytes:
    document = FPDF()
    document.add_page()
    document.set_font("Helvetica")
    document.cell(text="As agreed.")
    return bytes(document.output())


def image(size: tuple[int, int] = (60, 40), mode: str = "RGB") -> Image.Image:
    """Return a picture with something to see in each corner, so that a turn shows."""
    drawn = Image.new("RGB", size, (200, 120, 40))
    drawn.paste((10, 60, 200), (0, 0, size[0] // 2, size[1] // 3))
    return drawn.convert(mode)


def picture(kind: str, drawn: Image.Image | None = None, **options: Any) -> bytes:
    """Return a picture of a format, as Pillow names it."""
    file = BytesIO()
    (drawn or image()).save(file, kind, **options)
    return file.getvalue()


def animation(kind: str, frames: int = 3, size: tuple[int, int] = (20, 10)) -> bytes:
    """Return a picture of several frames, each of another colour."""
    drawn = [Image.new("RGB", size, (7 * n % 256, n % 256, 90)) for n in range(frames)]
    return picture(kind, drawn[0], save_all=True, append_images=drawn[1:])


def zipped(files: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP file of these, in their order; what is called mimetype is not packed."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return file.getvalue()


def content_types(part: str, kind: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{part}" ContentType="{kind}"/></Types>'
    )


def open_xml(kind: str, **more: bytes) -> bytes:
    part, main = MAIN_PARTS[kind]
    files = {"[Content_Types].xml": content_types(part, main), "_rels/.rels": "<x/>", part: "<x/>"}
    return zipped({**files, **more})


def open_document(kind: str) -> bytes:
    said = f"application/vnd.oasis.opendocument.{OPEN_DOCUMENT[kind]}"
    return zipped({"mimetype": said, "content.xml": "<x/>", "META-INF/manifest.xml": "<x/>"})


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def movie(brand: bytes) -> bytes:
    return (
        box(b"ftyp", brand + b"\0\0\0\0" + brand)
        + box(b"moov", box(b"mvhd", b"\0" * 100))
        + box(b"mdat", b"x" * 50)
    )


def webm() -> bytes:
    head = bytes.fromhex("4282") + b"\x84webm"
    tracks = bytes.fromhex("1654ae6b") + b"\x82\0\0"
    cluster = bytes.fromhex("1f43b675") + b"\x84" + b"\xa3\x82\0\0"
    segment = tracks + cluster
    return (
        bytes.fromhex("1a45dfa3") + bytes([0x80 | len(head)]) + head
        + bytes.fromhex("18538067") + bytes([0x80 | len(segment)]) + segment
    )  # fmt: skip


def mp3() -> bytes:
    frame = bytes.fromhex("fffb9064") + b"\0" * 413
    return b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 10 + frame * 5


def ogg() -> bytes:
    def page(content: bytes, flags: int, number: int) -> bytes:
        head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, 0, 1, number, 0, 1)
        return head + bytes([len(content)]) + content

    return (
        page(b"OpusHead" + b"\1" * 11, 2, 0)
        + page(b"OpusTags" + b"\0" * 8, 0, 1)
        + page(b"x" * 90, 4, 2)
    )


def wav() -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\1" * 400)
    return file.getvalue()


@cache
def samples() -> dict[str, bytes]:
    """Return a file for every extension that is known."""
    pictures = {"png": "PNG", "jpg": "JPEG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF"}
    found = {extension: picture(kind) for extension, kind in pictures.items()}
    found |= {kind: open_xml(kind) for kind in MAIN_PARTS}
    found |= {kind: open_document(kind) for kind in OPEN_DOCUMENT}
    found |= {
        "pdf": pdf(), "zip": zipped({"a/b.txt": "one", "c.txt": "two"}),
        "mp4": movie(b"isom"), "m4a": movie(b"M4A "), "mov": movie(b"qt  "), "webm": webm(),
        "mp3": mp3(), "ogg": ogg(), "wav": wav(),
        "txt": "Grüße, 日本\n".encode(), "csv": b"a;b\n1;2\n", "md": "# Hello <b>you</b>\n".encode("utf-16"),
    }  # fmt: skip
    same = {
        "jfif": "jpg",
        "jpeg": "jpg",
        "m4v": "mp4",
        "oga": "ogg",
        "opus": "ogg",
        "markdown": "md",
    }
    return found | {extension: found[other] for extension, other in same.items()}
