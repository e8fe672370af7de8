"""Proof of sound and video: the container holds together from its first byte to its last. Nothing is decoded."""

import struct
from typing import IO

from media_core.inspection.boxes import list_top_boxes, read_brands
from media_core.inspection.verdicts import Unproved

MOVIE_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"MSNV",
     b"M4V ", b"M4A ", b"M4B ", b"3gp4", b"3gp5", b"3gp6"}
)  # fmt: skip
OGG_CODECS = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   ")
MAX_PAGES = 200_000


def prove_movie(file: IO[bytes]) -> None:
    """Raise Unproved for what is no MP4 with something to play: video, or sound only."""
    _prove_boxes(file, MOVIE_BRANDS)


def prove_quicktime(file: IO[bytes]) -> None:
    """Raise Unproved for what is no QuickTime film."""
    _prove_boxes(file, frozenset({b"qt  "}))


def _prove_boxes(file: IO[bytes], known: frozenset[bytes]) -> None:
    found = list_top_boxes(file)
    if not read_brands(file, found[0]) & known:
        raise Unproved("it is of another kind")
    kinds = {box.kind for box in found}
    if b"moov" not in kinds or not kinds & {b"mdat", b"moof"}:
        raise Unproved("there is nothing to play in it")


def prove_wav(file: IO[bytes]) -> None:
    """Raise Unproved for what is no WAV: its format, its sound, and nothing behind."""
    size = file.seek(0, 2)
    file.seek(0)
    riff, told, wave = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
    if riff + wave != b"RIFFWAVE" or told + 8 + told % 2 not in {size, size + 1}:
        raise Unproved("it does not hold together like a WAV")
    at = 12
    kinds: list[bytes] = []
    while at + 8 <= size and len(kinds) < MAX_PAGES:
        file.seek(at)
        kind, length = struct.unpack("<4sI", file.read(8))
        kinds.append(kind)
        at += 8 + length + length % 2
    if b"fmt " not in kinds or b"data" not in kinds or at not in {size, size + 1}:
        raise Unproved("there is nothing to play in it")


def prove_ogg(file: IO[bytes]) -> None:
    """Raise Unproved for what is no Ogg with sound: every byte belongs to a page."""
    size, at, pages = file.seek(0, 2), 0, 0
    while at < size and pages < MAX_PAGES:
        file.seek(at)
        header = file.read(27)
        if len(header) < 27 or not header.startswith(b"OggS\0"):  # noqa: PLR2004 - the format's own
            raise Unproved("its pages do not fill it")
        at += 27 + header[26] + sum(file.read(header[26]))
        if not pages and not file.read(8).startswith(OGG_CODECS):
            raise Unproved("its sound is of no known kind")
        pages += 1
    if at != size or pages < 3:  # noqa: PLR2004 - identification, comments, sound
        raise Unproved("there is nothing to play in it")
