"""Files on disk, reached folder by folder from DISK_MEDIA_ROOT: no link is followed, nothing is overwritten."""

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from django.conf import settings

from media_core.errors import BucketRefused, BucketUnavailable, ObjectDiffers
from tenants.errors import NameRefused
from tenants.prefixes import ObjectKey

FOLDER_MODE, FILE_MODE = 0o700, 0o600
# What is being written has such a name beside the final one. A kill leaves it; removing the object removes it too.
PART = ".part-"
CHUNK_BYTES = 1_000_000

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_INSIDE = os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK a pipe that somebody put there would be waited for.
_READ = os.O_RDONLY | os.O_NONBLOCK | _INSIDE
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _INSIDE
# The folder is not ours to use, or a link or a file stands where a folder should.
_REFUSED = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.ENOTDIR, errno.EISDIR}
)


def translated(error: OSError) -> Exception:
    """Return what the error means: refused, not now, or a name that no file can have."""
    if error.errno is None:
        return error
    why = f"{os.strerror(error.errno)}."
    if error.errno == errno.ENAMETOOLONG:
        return NameRefused(f"A part of it is too long for a file: {why}")
    if error.errno in _REFUSED:
        return BucketRefused(
            f"{why} Everything below DISK_MEDIA_ROOT must be the gateway's own, without links."
        )
    return BucketUnavailable(why)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn what the disk refuses into refusals of the gateway. What is not there stays FileNotFoundError."""
    try:
        yield
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError as error:
        meaning = translated(error)
        if meaning is error:
            raise
        raise meaning from error


@contextmanager
def folder_of(key: ObjectKey, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """Lend the open folder in which the file of this key lies, and the file's own name in it.

    Raises FileNotFoundError for a folder that is not there and shall not be made.
    """
    *folders, name = key.split("/")
    opened = _root()
    try:
        for folder in folders:
            below = _below(opened, folder, make=make)
            os.close(opened)
            opened = below
        yield opened, name
    finally:
        os.close(opened)


def _root() -> int:
    # A root that is not there is no empty room: the disk may not be mounted, and nothing counts as missing then.
    try:
        return os.open(settings.DISK_MEDIA_ROOT, _FOLDER)
    except FileNotFoundError as error:
        raise BucketRefused(f"DISK_MEDIA_ROOT={settings.DISK_MEDIA_ROOT} is not there.") from error


def _below(opened: int, folder: str, *, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(folder, FOLDER_MODE, dir_fd=opened)
            os.fsync(opened)
    return os.open(folder, _FOLDER | _INSIDE, dir_fd=opened)


def write_once(
    key: ObjectKey,
    body: IO[bytes],
    *,
    size_bytes: int | None = None,
    part: str = "",
) -> str:
    """Write the file of this key, all of it or nothing, and return the digest of its bytes.

    It is written under another name and synced before it gets its own, so a kill leaves no half file, and an existing
    one is never overwritten: the same bytes again are fine, others raise ObjectDiffers, as another size does. What a
    killed write left in the folder goes, when its name begins with `part`.
    """
    with disk_errors(), folder_of(key, make=True) as (folder, name):
        beginning, part = part, f"{part or PART}{secrets.token_hex(16)}"
        try:
            written_bytes, digest = _written(folder, part, body)
            if size_bytes not in {None, written_bytes}:
                raise ObjectDiffers(f"{written_bytes} bytes came; {size_bytes} were announced.")
            _take_name(folder, part, name, digest)
        finally:
            _remove_parts(folder, beginning or part)
        os.fsync(folder)
    return digest


def _remove_parts(folder: int, beginning: str) -> None:
    for left in os.listdir(folder):
        if left.startswith(beginning):
            with suppress(FileNotFoundError):
                os.unlink(left, dir_fd=folder)


def _written(folder: int, part: str, body: IO[bytes]) -> tuple[int, str]:
    with os.fdopen(os.open(part, _WRITE, FILE_MODE, dir_fd=folder), "wb") as file:
        size_bytes, digest = copied(body, file.write)
        file.flush()
        os.fsync(file.fileno())
    return size_bytes, digest


def copied(body: IO[bytes], to: Callable[[bytes], object]) -> tuple[int, str]:
    """Give all bytes of the body to a function, in chunks; return how many there were, and their digest."""
    size_bytes, digest = 0, hashlib.sha256()
    while chunk := body.read(CHUNK_BYTES):
        to(chunk)
        size_bytes += len(chunk)
        digest.update(chunk)
    return size_bytes, digest.hexdigest()


def _take_name(folder: int, part: str, name: str, digest: str) -> None:
    """Give the written file its name. A link, unlike a rename, fails when the name is taken."""
    try:
        os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError as error:
        raise BucketUnavailable("The object was removed while it was written.") from error
    except FileExistsError as error:
        with _regular(folder, name) as there:
            if copied(there, len)[1] != digest:
                raise ObjectDiffers("Another object is already stored under this name.") from error


def opened_file(key: ObjectKey) -> IO[bytes]:
    """Return the file of this key, open for reading. Raises FileNotFoundError; what is no file is refused."""
    with disk_errors(), folder_of(key) as (folder, name):
        return _regular(folder, name)


def _regular(folder: int, name: str) -> IO[bytes]:
    opened = os.open(name, _READ, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise FileNotFoundError(errno.ENOENT, "It is no file.")
    return os.fdopen(opened, "rb")


def remove_file(key: ObjectKey, *, own_folders: int = 0, part: str = "") -> None:
    """Remove the file of this key, and what a killed write left; one that is not there counts as removed.

    So many folders above it go too, where they are empty. One that is shared stays: somebody may be about to write
    into it.
    """
    with disk_errors(), suppress(FileNotFoundError), folder_of(key) as (folder, name):
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        if part:
            _remove_parts(folder, part)
    for _ in range(own_folders):
        key = ObjectKey(key.rpartition("/")[0])
        with disk_errors(), suppress(FileNotFoundError):
            _remove_folder(key)


def remove_parts(key: ObjectKey, beginning: str) -> None:
    """Remove what a killed write left beside the file of this key, and leave the file alone."""
    with disk_errors(), suppress(FileNotFoundError), folder_of(key) as (folder, _name):
        _remove_parts(folder, beginning)


def _remove_folder(key: ObjectKey) -> None:
    with folder_of(key) as (parent, name):
        try:
            os.rmdir(name, dir_fd=parent)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        os.fsync(parent)
