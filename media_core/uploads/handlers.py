"""Takes the files of a form while they come, and stops when one is larger than the tenant takes."""

from typing import Any

from django.core.files.uploadhandler import (
    FileUploadHandler,
    SkipFile,
    StopUpload,
    TemporaryFileUploadHandler,
)
from django.http import HttpRequest

from media_core.errors import UploadTooLarge
from media_core.templatetags.sizes import size
from media_core.uploads.limits import FORM_OVERHEAD_BYTES
from tenants import quotas
from tenants.binding import bound_tenant
from tenants.errors import QuotaExceeded
from tenants.limits import largest_upload_bytes


class LimitedUploadHandler(TemporaryFileUploadHandler):
    """Keeps a file of an upload on disk, and nothing of a file that no view asked for.

    The form is parsed by the view, so who may upload was asked before. Raises QuotaExceeded before the first byte is
    read, when what was declared cannot fit, and UploadTooLarge when a file grows beyond the limit. At most one query,
    for a form that is larger than its other fields may be.
    """

    def handle_raw_input(self, *given: Any, **_named: Any) -> None:
        _input, _headers, content_length, *_rest = given
        self.takes_uploads = takes_uploads(self.request)
        if self.takes_uploads and content_length > FORM_OVERHEAD_BYTES:
            refuse_beyond_quota(content_length - FORM_OVERHEAD_BYTES)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if not self.takes_uploads:
            raise SkipFile
        super().new_file(*args, **kwargs)
        self.most = largest_upload_bytes(bound_tenant())
        self.received_bytes = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received_bytes += len(raw_data)
        if self.received_bytes > self.most:
            self.file.close()
            raise UploadTooLarge(f"{size(self.most)} is the most.")
        super().receive_data_chunk(raw_data, start)


class FieldsOnlyHandler(FileUploadHandler):
    """Ends the reading of a form where its first file begins: the fields before it are kept."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        raise StopUpload(connection_reset=True)

    def receive_data_chunk(self, _raw_data: bytes, _start: int) -> None:
        raise AssertionError("No file is read.")

    def file_complete(self, _file_size: int) -> None:
        raise AssertionError("No file is read.")


def leave_files_unread(request: HttpRequest) -> None:
    """Have only the fields before the first file read of a form that was not read yet."""
    request.upload_handlers = [FieldsOnlyHandler(request)]


def takes_uploads(request: Any) -> bool:
    """Return whether the view of this request takes files."""
    match = getattr(request, "resolver_match", None)
    return bool(match and getattr(match.func, "takes_uploads", False))


def refuse_beyond_quota(size_bytes: int) -> None:
    """Raise QuotaExceeded for a file of at least so many bytes that cannot fit. One query; it reserves nothing.

    As when it is reserved, the refusal does not say how much is left.
    """
    left = quotas.usage().left_bytes
    if left is not None and size_bytes > left:
        raise QuotaExceeded(f"It needs {size(size_bytes)}, and less than that is left.")
