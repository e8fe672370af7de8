"""Proof of a WebM: its elements lead from the head to the first sound or picture."""

from typing import IO

from media_core.inspection.verdicts import Unproved

EBML, DOC_TYPE, SEGMENT, TRACKS, CLUSTER = 0x1A45DFA3, 0x4282, 0x18538067, 0x1654AE6B, 0x1F43B675
MAX_HEAD_BYTES = 1_000
MAX_ELEMENTS = 10_000


def prove_webm(file: IO[bytes]) -> None:
    """Raise Unproved for what is no WebM with tracks and something to play."""
    size = file.seek(0, 2)
    file.seek(0)
    if _read_number(file, keep_mark=True) != EBML:
        raise Unproved("it does not begin like one")
    length = _read_number(file)
    head = file.read(min(length, MAX_HEAD_BYTES))
    # The element's id, the length 4 in one byte, the word.
    if DOC_TYPE.to_bytes(2, "big") + b"\x84webm" not in head:
        raise Unproved("it is of another kind")
    if _read_number(file, keep_mark=True) != SEGMENT:
        raise Unproved("there is nothing to play in it")
    _read_number(file)
    _find_cluster(file, size)


def _find_cluster(file: IO[bytes], size: int) -> None:
    tracks = False
    for _ in range(MAX_ELEMENTS):
        kind, length = _read_number(file, keep_mark=True), _read_number(file)
        if kind == CLUSTER and tracks and file.tell() < size:
            return
        tracks = tracks or kind == TRACKS
        if file.tell() + length >= size:
            break
        file.seek(length, 1)
    raise Unproved("there is nothing to play in it")


def _read_number(file: IO[bytes], *, keep_mark: bool = False) -> int:
    """Return EBML's number of one to eight bytes: the first one's leading zeros say how many follow."""
    first = file.read(1)
    if not first or not first[0]:
        raise Unproved("its elements do not follow each other")
    more = 8 - first[0].bit_length()
    rest = file.read(more)
    if len(rest) < more:
        raise Unproved("it ends too early")
    mark = 0 if keep_mark else 0x80 >> more
    return (first[0] & ~mark) << 8 * more | int.from_bytes(rest, "big")
