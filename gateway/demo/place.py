"""Where the demo keeps what it makes: one folder, one demo at a time, thrown away at the next start."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.demo.errors import DemoRefused

ROOT = Path(__file__).resolve().parent.parent.parent
PLACE = Path(os.environ.get("DEMO_DIR") or ROOT / ".demo").resolve()
POSTGRES = PLACE / "postgres"
MAIL = PLACE / "mail"
STATIC = PLACE / "static"
MEDIA = PLACE / "media"
LOG = PLACE / "gateway.log"
BUCKET_LOG = PLACE / "bucket.log"
FACTS = PLACE / "demo.json"
ENVIRONMENT = PLACE / "demo.env"
MARKER = PLACE / "made-by-the-demo"


@contextmanager
def taken() -> Iterator[None]:
    """Keep every other demo of this folder out while the block runs; refuse a folder that is no demo's."""
    try:
        refuse_a_folder_of_somebody()
        PLACE.mkdir(parents=True, exist_ok=True)
        MARKER.touch()
        lock = os.open(PLACE / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise DemoRefused(
            f"{PLACE} cannot be written ({error.strerror}): run the demo from a folder of yours, or set DEMO_DIR."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise DemoRefused(
            "A demo is already running from this folder. Stop it with Ctrl-C, or start another beside it: "
            "DEMO_DIR=/tmp/demo PORT=0 make demo"
        ) from error
    try:
        yield
    finally:
        os.close(lock)


def refuse_a_folder_of_somebody() -> None:
    """Refuse a folder that holds something and was not made by a demo: what is swept there could be anybody's."""
    if PLACE.exists() and not MARKER.exists() and any(PLACE.iterdir()):
        raise DemoRefused(
            f"{PLACE} is not empty and no demo's folder: set DEMO_DIR to an empty or a new one."
        )


def swept() -> None:
    """Throw away what the last demo left."""
    for folder in (MAIL, STATIC, MEDIA):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
    for file in (LOG, BUCKET_LOG, FACTS, ENVIRONMENT):
        file.unlink(missing_ok=True)
