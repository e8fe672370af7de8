"""Where the demo keeps what it makes: one folder, one demo at a time, thrown away at the next start."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.demo.errors import DemoRefused

ROOT = Path(__file__).resolve().parent.parent.parent
DEMO_FOLDER = Path(os.environ.get("DEMO_DIR") or ROOT / ".demo").resolve()
POSTGRES_FOLDER = DEMO_FOLDER / "postgres"
MAIL_FOLDER = DEMO_FOLDER / "mail"
STATIC_FOLDER = DEMO_FOLDER / "static"
MEDIA_FOLDER = DEMO_FOLDER / "media"
LOG_FILE = DEMO_FOLDER / "gateway.log"
BUCKET_LOG_FILE = DEMO_FOLDER / "bucket.log"
FACTS_FILE = DEMO_FOLDER / "demo.json"
ENVIRONMENT_FILE = DEMO_FOLDER / "demo.env"
MARKER_FILE = DEMO_FOLDER / "made-by-the-demo"


@contextmanager
def lock_demo_folder() -> Iterator[None]:
    """Keep every other demo of this folder out while the block runs; refuse a folder that is no demo's."""
    try:
        refuse_foreign_folder()
        DEMO_FOLDER.mkdir(parents=True, exist_ok=True)
        MARKER_FILE.touch()
        lock = os.open(DEMO_FOLDER / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise DemoRefused(
            f"{DEMO_FOLDER} cannot be written ({error.strerror}): run the demo from a folder of yours, or set DEMO_DIR."
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


def refuse_foreign_folder() -> None:
    """Refuse a folder that holds something and was not made by a demo: what is swept there could be anybody's."""
    if DEMO_FOLDER.exists() and not MARKER_FILE.exists() and any(DEMO_FOLDER.iterdir()):
        raise DemoRefused(
            f"{DEMO_FOLDER} is not empty and no demo's folder: set DEMO_DIR to an empty or a new one."
        )


def clear_demo_folder() -> None:
    """Throw away what the last demo left."""
    for folder in (MAIL_FOLDER, STATIC_FOLDER, MEDIA_FOLDER):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
    for file in (LOG_FILE, BUCKET_LOG_FILE, FACTS_FILE, ENVIRONMENT_FILE):
        file.unlink(missing_ok=True)
