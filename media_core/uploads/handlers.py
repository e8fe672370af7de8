"""Takes the files of a form while they come, and stops when one is larger than the tenant takes."""

import errno
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest

from media_core.errors import UploadDiskFull, UploadIncomplete, UploadTooLarge
from media_core.inspection.worker_process import reopen
from media_core.templatetags.sizes import size
from media_core.uploads.body_limits import FORM_OVERHEAD_BYTES
from tenants import quotas
from tenants.binding import bound_tenant
from tenants.errors import QuotaExceeded
from tenants.tenant_limits import get_upload_max_bytes

# The disk is full, the user's share of it is used up, or the process may write no larger file.
DISK_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class UnnamedFile(UploadedFile):  # type: ignore[type-arg]  # generic in the stubs only
    """An uploaded file on disk that has no name there, so that a killed process leaves nothing behind."""

    def __init__(self, **named: Any) -> None:
        file = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115 - the request closes it
        super().__init__(file, **named)

    def reopen(self) -> IO[bytes]:
        """Return a second, read-only handle at the beginning of the file."""
        return reopen(self)


class LimitedUploadHandler(FileUploadHandler):
    """Keeps a file of an upload on disk, and nothing of a file that no view asked for.

    The form is parsed by the view, so who may upload was asked before. Raises QuotaExceeded before the first byte is
    read, when what was declared cannot fit, UploadTooLarge when a file grows beyond the limit, UploadDiskFull, and
    UploadIncomplete. At most one query, for a form that is larger than its other fields may be.
    """

    file: UnnamedFile
    is_incomplete = False

    def handle_raw_input(self, *given: Any, **_named: Any) -> None:
        _input, _headers, content_length, *_rest = given
        self.takes_uploads = can_take_uploads(self.request)
        if self.takes_uploads and content_length > FORM_OVERHEAD_BYTES:
            refuse_beyond_quota(content_length - FORM_OVERHEAD_BYTES)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if not self.takes_uploads:
            raise SkipFile
        super().new_file(*args, **kwargs)
        self.most = get_upload_max_bytes(bound_tenant())
        self.received_bytes = 0
        with refuse_full_disk():
            self.file = UnnamedFile(
                name=self.file_name,
                content_type=self.content_type,
                charset=self.charset,
                content_type_extra=self.content_type_extra,
            )
        self.is_incomplete = True

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received_bytes += len(raw_data)
        if self.received_bytes > self.most:
            self.discard()
            raise UploadTooLarge(f"{size(self.most)} is the most.")
        with refuse_full_disk(self.discard):
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> UnnamedFile:
        # Seeking flushes the last bytes to disk.
        with refuse_full_disk(self.discard):
            self.file.seek(0)
        self.file.size = file_size
        self.is_incomplete = False
        return self.file

    def upload_interrupted(self) -> None:
        self.discard()

    def upload_complete(self) -> None:
        """Refuse a form that ended within a file: Django leaves such a file out, as if none had been chosen."""
        if self.is_incomplete:
            self.discard()
            raise UploadIncomplete

    def discard(self) -> None:
        """Delete a file that is not complete."""
        if self.is_incomplete:
            # Closing flushes first, which fails on a full disk. The file is closed anyway.
            with suppress(OSError):
                self.file.close()


@contextmanager
def refuse_full_disk(discard: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Call `discard` and raise UploadDiskFull when the disk is full in the block."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL_ERRNOS:
            raise
        discard()
        raise UploadDiskFull(
            f"{settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir()}: {error.strerror}."
        ) from error


class FieldsOnlyHandler(FileUploadHandler):
    """Stops reading a form at its first file. The fields before it are kept."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        raise StopUpload(connection_reset=True)

    def receive_data_chunk(self, _raw_data: bytes, _start: int) -> None:
        raise AssertionError("No file is read.")

    def file_complete(self, _file_size: int) -> None:
        raise AssertionError("No file is read.")


def leave_files_unread(request: HttpRequest) -> None:
    """Let a form that was not read yet be read only up to its first file."""
    request.upload_handlers = [FieldsOnlyHandler(request)]


def can_take_uploads(request: Any) -> bool:
    """Return whether the view of this request takes files."""
    match = getattr(request, "resolver_match", None)
    return bool(match and getattr(match.func, "takes_uploads", False))


def refuse_beyond_quota(size_bytes: int) -> None:
    """Raise QuotaExceeded for a file of at least so many bytes that cannot fit. One query; it reserves nothing.

    As when it is reserved, the refusal does not say how much is left.
    """
    left = quotas.read_quota().left_bytes
    if left is not None and size_bytes > left:
        raise QuotaExceeded(f"It needs {size(size_bytes)}, and less than that is left.")
