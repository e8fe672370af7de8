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
LOG = PLACE / "gateway.log"
BUCKET_LOG = PLACE / "bucket.log"
FACTS = PLACE / "demo.json"


@contextmanager
def taken() -> Iterator[None]:
    """Keep every other demo of this checkout out while the block runs."""
    try:
        PLACE.mkdir(exist_ok=True)
        lock = os.open(PLACE / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise DemoRefused(
            f"{PLACE} cannot be written ({error.strerror}): run the demo from a folder of yours."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise DemoRefused(
            "A demo is already running from this folder. Stop it with Ctrl-C, or use another clone."
        ) from error
    try:
        yield
    finally:
        os.close(lock)


def swept() -> None:
    """Throw away what the last demo left."""
    for folder in (MAIL, STATIC):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
    for file in (LOG, BUCKET_LOG, FACTS):
        file.unlink(missing_ok=True)
