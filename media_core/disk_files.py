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
PART_PREFIX = ".part-"
CHUNK_BYTES = 1_000_000

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NO_FOLLOW_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK a pipe that somebody put there would be waited for.
_READ_FLAGS = os.O_RDONLY | os.O_NONBLOCK | _NO_FOLLOW_FLAGS
_WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW_FLAGS
# The folder is not ours to use, or a link or a file stands where a folder should.
_REFUSED_ERRNOS = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.ENOTDIR, errno.EISDIR}
)


def translate_disk_error(error: OSError) -> Exception:
    """Return what the error means: refused, not now, or a name that no file can have."""
    if error.errno is None:
        return error
    why = f"{os.strerror(error.errno)}."
    if error.errno == errno.ENAMETOOLONG:
        return NameRefused(f"A part of it is too long for a file: {why}")
    if error.errno in _REFUSED_ERRNOS:
        return BucketRefused(
            f"{why} Everything below DISK_MEDIA_ROOT must be the gateway's own, without links."
        )
    return BucketUnavailable(why)


@contextmanager
def translate_disk_errors() -> Iterator[None]:
    """Turn what the disk refuses into refusals of the gateway. What is not there stays FileNotFoundError."""
    try:
        yield
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError as error:
        meaning = translate_disk_error(error)
        if meaning is error:
            raise
        raise meaning from error


@contextmanager
def open_folder(key: ObjectKey, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """Lend the open folder in which the file of this key lies, and the file's own name in it.

    Raises FileNotFoundError for a folder that is not there and shall not be made.
    """
    *folders, name = key.split("/")
    opened = _open_root()
    try:
        for folder in folders:
            below = _open_subfolder(opened, folder, make=make)
            os.close(opened)
            opened = below
        yield opened, name
    finally:
        os.close(opened)


def _open_root() -> int:
    # A root that is not there is no empty room: the disk may not be mounted, and nothing counts as missing then.
    try:
        return os.open(settings.DISK_MEDIA_ROOT, _FOLDER_FLAGS)
    except FileNotFoundError as error:
        raise BucketRefused(f"DISK_MEDIA_ROOT={settings.DISK_MEDIA_ROOT} is not there.") from error


def _open_subfolder(opened: int, folder: str, *, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(folder, FOLDER_MODE, dir_fd=opened)
            os.fsync(opened)
    return os.open(folder, _FOLDER_FLAGS | _NO_FOLLOW_FLAGS, dir_fd=opened)


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
    with translate_disk_errors(), open_folder(key, make=True) as (folder, name):
        beginning, part = part, f"{part or PART_PREFIX}{secrets.token_hex(16)}"
        try:
            written_bytes, digest = _write_part(folder, part, body)
            if size_bytes not in {None, written_bytes}:
                raise ObjectDiffers(f"{written_bytes} bytes came; {size_bytes} were announced.")
            _link_final_name(folder, part, name, digest)
        finally:
            _remove_parts(folder, beginning or part)
        os.fsync(folder)
    return digest


def _remove_parts(folder: int, beginning: str) -> None:
    for left in os.listdir(folder):
        if left.startswith(beginning):
            with suppress(FileNotFoundError):
                os.unlink(left, dir_fd=folder)


def _write_part(folder: int, part: str, body: IO[bytes]) -> tuple[int, str]:
    with os.fdopen(os.open(part, _WRITE_FLAGS, FILE_MODE, dir_fd=folder), "wb") as file:
        size_bytes, digest = copy_and_digest(body, file.write)
        file.flush()
        os.fsync(file.fileno())
    return size_bytes, digest


def copy_and_digest(body: IO[bytes], to: Callable[[bytes], object]) -> tuple[int, str]:
    """Give all bytes of the body to a function, in chunks; return how many there were, and their digest."""
    size_bytes, digest = 0, hashlib.sha256()
    while chunk := body.read(CHUNK_BYTES):
        to(chunk)
        size_bytes += len(chunk)
        digest.update(chunk)
    return size_bytes, digest.hexdigest()


def _link_final_name(folder: int, part: str, name: str, digest: str) -> None:
    """Give the written file its name. A link, unlike a rename, fails when the name is taken."""
    try:
        os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError as error:
        raise BucketUnavailable("The object was removed while it was written.") from error
    except FileExistsError as error:
        with _open_regular_file(folder, name) as there:
            if copy_and_digest(there, len)[1] != digest:
                raise ObjectDiffers("Another object is already stored under this name.") from error


def open_file(key: ObjectKey) -> IO[bytes]:
    """Return the file of this key, open for reading. Raises FileNotFoundError; what is no file is refused."""
    with translate_disk_errors(), open_folder(key) as (folder, name):
        return _open_regular_file(folder, name)


def _open_regular_file(folder: int, name: str) -> IO[bytes]:
    opened = os.open(name, _READ_FLAGS, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise FileNotFoundError(errno.ENOENT, "It is no file.")
    return os.fdopen(opened, "rb")


def remove_file(key: ObjectKey, *, own_folders: int = 0, part: str = "") -> None:
    """Remove the file of this key, and what a killed write left; one that is not there counts as removed.

    So many folders above it go too, where they are empty. One that is shared stays: somebody may be about to write
    into it.
    """
    with translate_disk_errors(), suppress(FileNotFoundError), open_folder(key) as (folder, name):
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        if part:
            _remove_parts(folder, part)
    for _ in range(own_folders):
        key = ObjectKey(key.rpartition("/")[0])
        with translate_disk_errors(), suppress(FileNotFoundError):
            _remove_folder(key)


def remove_parts(key: ObjectKey, beginning: str) -> None:
    """Remove what a killed write left beside the file of this key, and leave the file alone."""
    with translate_disk_errors(), suppress(FileNotFoundError), open_folder(key) as (folder, _name):
        _remove_parts(folder, beginning)


def _remove_folder(key: ObjectKey) -> None:
    with open_folder(key) as (parent, name):
        try:
            os.rmdir(name, dir_fd=parent)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        os.fsync(parent)
