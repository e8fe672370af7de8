"""What an app hands over to be stored: read once, to the end, into a file that nobody else has."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import UnsupportedOperation
from typing import IO, Any

from django.core.files.base import File

from media_core.app_files.content_types import content_type_of
from media_core.errors import UploadTooLarge
from media_core.ledger.querysets import Content
from media_core.storages.shared_bucket import temporary_file
from media_core.templatetags.sizes import size
from tenants.binding import bound_tenant
from tenants.limits import largest_upload_bytes


@dataclass(frozen=True, slots=True)
class Received:
    """The bytes of a file, rewound, and what the ledger writes down of them; its name is not yet decided."""

    body: IO[bytes]
    size_bytes: int
    content_type: str
    sha256: str

    def called(self, file_name: str) -> Content:
        """Return what the ledger writes down of the file under this name."""
        return Content(file_name, self.size_bytes, self.content_type, self.sha256)


@contextmanager
def received(content: "File[Any]") -> Iterator[Received]:
    """Lend the bytes of a file in a temporary one: in memory while it is small, else where uploads wait.

    The given file is read from its beginning where it can be rewound, in chunks, and is not closed. Text is kept as
    UTF-8. Raises UploadTooLarge as soon as more came than the bound tenant takes.
    """
    with temporary_file() as body:
        size_bytes, sha256 = _copied(content, body)
        yield Received(body, size_bytes, content_type_of(body), sha256)


def _copied(content: "File[Any]", body: IO[bytes]) -> tuple[int, str]:
    most, size_bytes, digest = largest_upload_bytes(bound_tenant()), 0, hashlib.sha256()
    for chunk in _bytes(content.chunks()):
        size_bytes += len(chunk)
        if size_bytes > most:
            raise UploadTooLarge(f"{size(most)} is the most.")
        digest.update(chunk)
        body.write(chunk)
    with suppress(AttributeError, UnsupportedOperation):
        content.seek(0)
    return size_bytes, digest.hexdigest()


def _bytes(chunks: Iterable[bytes | str]) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk.encode() if isinstance(chunk, str) else chunk
