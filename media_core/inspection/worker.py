"""Looks at one file in a process of its own, with little memory, little time and nothing to take.

Started by bounded.py. The file is standard input. The last line of standard error is what was found, as JSON; a copy,
where one is made, is standard output. It imports no Django, so that it starts fast and knows no secret.
"""

import hashlib
import json
import os
import resource
import signal
import sys
import time
from typing import IO, Any

from media_core.inspection.archives import prove_zip
from media_core.inspection.images import FORMATS, open_picture, prove_picture
from media_core.inspection.office import prove_office
from media_core.inspection.photos.metadata import PILLOW_ERRORS, read_orientation, read_profile
from media_core.inspection.text import prove_text
from media_core.inspection.verdicts import (
    CLEANED,
    CPU_SECONDS,
    MAX_PICTURE_BYTES,
    OVER_LIMIT,
    PROVED,
    UNPROVED,
    OverLimit,
    Unproved,
)

MEMORY_BYTES = 1_000_000_000
OPEN_FILES = 32
LOWEST_NICENESS = 19
# What a copy may have more than its original: a description of how to turn it.
MAX_ADDED_BYTES = 10_000
TEXTS = frozenset({"txt", "csv", "markdown"})
CHUNK_BYTES = 1_000_000
FAILURES = {Unproved: UNPROVED, OverLimit: OVER_LIMIT}


def set_resource_limits(file: IO[bytes]) -> None:
    """Give up more memory, time, files and room on disk than any honest file needs, and let everybody else go first."""
    os.nice(LOWEST_NICENESS)
    written = file.seek(0, 2) + MAX_ADDED_BYTES
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, written),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        own = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (own, own))
    # Whoever started it may be killed: then nobody else would end it while it waits.
    signal.alarm(2 * CPU_SECONDS)


def prove(file: IO[bytes], kind: str) -> str:
    """Return that the file is of this kind. Raises Unproved or OverLimit."""
    if kind in FORMATS:
        prove_picture(file, kind)
    elif kind in TEXTS:
        prove_text(file)
    elif kind == "zip":
        prove_zip(file)
    else:
        prove_office(file, kind)
    return PROVED


def remove_location(file: IO[bytes], kind: str) -> str:
    """Write a copy with nothing but the picture; return PROVED instead when that is the file as it is.

    Raises Unproved when the copy would not show the same picture, OverLimit for more than is looked at.
    """
    if file.seek(0, 2) > MAX_PICTURE_BYTES:
        raise OverLimit(f"It is larger than {MAX_PICTURE_BYTES} bytes.")
    file.seek(0)
    sys.stdout.buffer.writelines(FORMATS[kind][2].keep_picture(file.read()))
    sys.stdout.buffer.flush()
    with open(sys.stdout.fileno(), "rb", closefd=False) as written:
        seen = describe_picture(written, kind)
        if have_same_bytes(written, file):
            return PROVED
        if seen != describe_picture(file, kind):
            raise Unproved("a copy without its location would look different")
        return CLEANED


def have_same_bytes(one: IO[bytes], other: IO[bytes]) -> bool:
    """Return whether two files have the same bytes. Reads them in parts."""
    one.seek(0)
    other.seek(0)
    while part := one.read(CHUNK_BYTES):
        if part != other.read(CHUNK_BYTES):
            return False
    return not other.read(1)


def describe_picture(file: IO[bytes], kind: str) -> tuple[Any, ...]:
    """Return size, mode, profile, orientation and frames of a picture, and a digest of the first frame."""
    with open_picture(file, kind) as picture:
        try:
            picture.load()
        except (*PILLOW_ERRORS, RuntimeError) as error:
            raise Unproved("it cannot be decoded to its end") from error
        # Others behind a JPEG are no frames.
        frames = 1 if kind == "jpeg" else getattr(picture, "n_frames", 1)
        return (
            picture.size,
            picture.mode,
            read_profile(picture.info.get("icc_profile") or b""),
            read_orientation(picture.info.get("exif", b"")),
            frames,
            frames > 1 and picture.info.get("loop"),
            picture.info.get("duration"),
            hashlib.sha256(picture.tobytes()).hexdigest(),
        )


JOBS = {"prove": prove, "take-location-away": remove_location}


def main(job: str, kind: str) -> None:
    """Do one job and say what was found."""
    file = sys.stdin.buffer
    set_resource_limits(file)
    try:
        says, why = JOBS[job](file, kind), ""
    except (Unproved, OverLimit) as seen:
        says, why = FAILURES[type(seen)], str(seen)
    found = {"says": says, "why": why, "cpu_seconds": time.process_time()}
    sys.stderr.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
