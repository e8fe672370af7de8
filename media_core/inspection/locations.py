"""Where a photo was taken is not for the public."""

from typing import IO


def without_location(photo: IO[bytes], content_type: str) -> IO[bytes] | None:
    """Return a copy of the photo without its location, or None when it has none and may be published as it is."""
    return None
