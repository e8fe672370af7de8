"""What an app's file is served as: decided by its bytes, never by its name or by what somebody says of it."""

from collections.abc import Callable
from typing import IO

from media_core.inspection.audio_video import prove_movie, prove_ogg, prove_wav
from media_core.inspection.mp3 import prove_mp3
from media_core.inspection.pdf import prove_pdf, refuse_zip_inside
from media_core.inspection.verdicts import OverLimit, Unproved
from media_core.inspection.webm import prove_webm
from media_core.storages import file_types as known
from media_core.storages.file_types import DOWNLOAD_TYPE, FileType

HEAD_BYTES = 64


def _starts_with(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(beginnings)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_wav(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def _is_avif(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in {b"avif", b"avis"}


def _is_sound_only(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in {b"M4A ", b"M4B "}


def _is_movie(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and not _is_avif(head) and not _is_sound_only(head)


def _accept_any(_file: IO[bytes]) -> None:
    """A picture is not decoded: a browser that is told it is one makes nothing else of it."""


# How each begins, and what reads the rest of it: quickly, in this process, nothing unpacked or decoded.
SIGNATURES: tuple[tuple[FileType, Callable[[bytes], bool], Callable[[IO[bytes]], None]], ...] = (
    (known.PNG, _starts_with(b"\x89PNG\r\n\x1a\n"), _accept_any),
    (known.JPEG, _starts_with(b"\xff\xd8\xff"), _accept_any),
    (known.GIF, _starts_with(b"GIF87a", b"GIF89a"), _accept_any),
    (known.WEBP, _is_webp, _accept_any),
    (known.AVIF, _is_avif, _accept_any),
    (known.PDF, _starts_with(b"%PDF-"), prove_pdf),
    (known.M4A, _is_sound_only, prove_movie),
    (known.MP4, _is_movie, prove_movie),
    (known.WEBM, _starts_with(b"\x1a\x45\xdf\xa3"), prove_webm),
    (known.OGG, _starts_with(b"OggS\0"), prove_ogg),
    (known.WAV, _is_wav, prove_wav),
    (
        known.MP3,
        _starts_with(b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa"),
        prove_mp3,
    ),
)


def detect_content_type(file: IO[bytes]) -> str:
    """Return the type to store: one of the short list that browsers may show, or a plain download.

    A file that is a ZIP file as well, or does not go on as it begins, is a plain download. The file is left rewound.
    No query, no request, no process; a few reads at its ends, for sound and video along its parts.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    try:
        return _detect_type(file, head)
    except (Unproved, OverLimit):
        return DOWNLOAD_TYPE
    finally:
        file.seek(0)


def _detect_type(file: IO[bytes], head: bytes) -> str:
    for kind, begins, prove in SIGNATURES:
        if begins(head):
            prove(file)
            refuse_zip_inside(file)
            return kind.content_type
    return DOWNLOAD_TYPE
