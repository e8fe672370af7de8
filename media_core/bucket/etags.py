"""ETags: a bucket confirms with one that it stored an object. On most buckets it is the MD5 of the bytes."""

import hashlib
from collections.abc import Mapping
from typing import IO, Any

from media_core.errors import UnknownBucketAnswer

CHUNK_BYTES = 1_048_576


def compute_md5(body: IO[bytes]) -> str:
    """Return the MD5 of a body, and seek back to its beginning."""
    digest = hashlib.md5(usedforsecurity=False)
    while chunk := body.read(CHUNK_BYTES):
        digest.update(chunk)
    body.seek(0)
    return digest.hexdigest()


def read_etag(answer: Mapping[str, Any]) -> str:
    """Return the ETag that an answer names; raise UnknownBucketAnswer when it names none."""
    etag = str(answer.get("ETag", "")).strip('"')
    if not etag:
        raise UnknownBucketAnswer("It names no ETag of the object.")
    return etag
