"""What an app hands over to be stored: read once, to the end, into a file that nobody else has."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import UnsupportedOperation
from typing import IO, Any

from django.core.files.base import File

from media_core.app_files.content_types import detect_content_type
from media_core.errors import UploadTooLarge
from media_core.ledger.querysets import Content
from media_core.storages.shared_bucket import make_temporary_file
from media_core.templatetags.sizes import size
from tenants.binding import bound_tenant
from tenants.tenant_limits import get_upload_max_bytes


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """The bytes of a file, rewound, and what the ledger writes down of them; its name is not yet decided."""

    body: IO[bytes]
    size_bytes: int
    content_type: str
    sha256: str

    def describe_as(self, file_name: str) -> Content:
        """Return what the ledger writes down of the file under this name."""
        return Content(file_name, self.size_bytes, self.content_type, self.sha256)


@contextmanager
def receive_file(content: "File[Any]") -> Iterator[IncomingFile]:
    """Lend the bytes of a file in a temporary one: in memory while it is small, else where uploads wait.

    The given file is read from its beginning where it can be rewound, in chunks, and is not closed. Text is kept as
    UTF-8. Raises UploadTooLarge as soon as more came than the bound tenant takes.
    """
    with make_temporary_file() as body:
        size_bytes, sha256 = _copy_and_digest(content, body)
        yield IncomingFile(body, size_bytes, detect_content_type(body), sha256)


def _copy_and_digest(content: "File[Any]", body: IO[bytes]) -> tuple[int, str]:
    most, size_bytes, digest = get_upload_max_bytes(bound_tenant()), 0, hashlib.sha256()
    for chunk in _encode_chunks(content.chunks()):
        size_bytes += len(chunk)
        if size_bytes > most:
            raise UploadTooLarge(f"{size(most)} is the most.")
        digest.update(chunk)
        body.write(chunk)
    with suppress(AttributeError, UnsupportedOperation):
        content.seek(0)
    return size_bytes, digest.hexdigest()


def _encode_chunks(chunks: Iterable[bytes | str]) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk.encode() if isinstance(chunk, str) else chunk
