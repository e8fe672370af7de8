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

from PIL import Image

from media_core.inspection.archives import prove_zip
from media_core.inspection.images import FORMATS, opened, prove_picture
from media_core.inspection.office import prove_office
from media_core.inspection.photos.metadata import DEFAULT_ORIENTATION, ORIENTATION, UNREADABLE
from media_core.inspection.verdicts import (
    CLEANED,
    CPU_SECONDS,
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
MORE_BYTES = 10_000
FAILURES = {Unproved: UNPROVED, OverLimit: OVER_LIMIT}


def bind_to_limits(file: IO[bytes]) -> None:
    """Give up more memory, time, files and room on disk than any honest file needs, and let everybody else go first."""
    os.nice(LOWEST_NICENESS)
    written = file.seek(0, 2) + MORE_BYTES
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
    elif kind == "zip":
        prove_zip(file)
    else:
        prove_office(file, kind)
    return PROVED


def take_location_away(file: IO[bytes], kind: str) -> str:
    """Write a copy without location; return PROVED instead when there is none to take away.

    Raises Unproved when the copy would not show the same picture, or still says where it was taken.
    """
    form = FORMATS[kind][2]
    file.seek(0)
    data = file.read()
    if not form.tells_location(data):
        return PROVED
    copy = b"".join(form.without_descriptions(data))
    if form.tells_location(copy):
        raise Unproved("it says where it was taken in a way that is not known here")
    sys.stdout.buffer.write(copy)
    sys.stdout.buffer.flush()
    with open(sys.stdout.fileno(), "rb", closefd=False) as written:
        if shown(written, kind) != shown(file, kind):
            raise Unproved("a copy without its location would look different")
    return CLEANED


def shown(file: IO[bytes], kind: str) -> tuple[Any, ...]:
    """Return what a picture shows: its size, its colours, its turn, and a digest of its first frame."""
    with opened(file, kind) as picture:
        picture.load()
        digest = hashlib.sha256(picture.tobytes()).hexdigest()
        return picture.size, picture.mode, picture.info.get("icc_profile"), turn_of(picture), digest


def turn_of(picture: Image.Image) -> int:
    """Return how the picture is to be turned; upright where that cannot be read."""
    try:
        return int(picture.getexif().get(ORIENTATION, DEFAULT_ORIENTATION))
    except UNREADABLE:
        return DEFAULT_ORIENTATION


JOBS = {"prove": prove, "take-location-away": take_location_away}


def main(job: str, kind: str) -> None:
    """Do one job and say what was found."""
    file = sys.stdin.buffer
    bind_to_limits(file)
    try:
        says, why = JOBS[job](file, kind), ""
    except (Unproved, OverLimit) as seen:
        says, why = FAILURES[type(seen)], str(seen)
    found = {"says": says, "why": why, "cpu_seconds": time.process_time()}
    sys.stderr.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
