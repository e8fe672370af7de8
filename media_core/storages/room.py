"""The storages of a room: in the bucket or on disk, with the same words. Flows speak to these only."""

import hashlib
from contextlib import AbstractContextManager
from typing import IO, Protocol

from media_core.errors import ObjectDiffers
from media_core.storages.models import StoredObject
from media_core.storages.presigned import presigned_get
from media_core.storages.shared_bucket import bucket_storage

CHUNK_BYTES = 1_000_000


class RoomStorage(Protocol):
    """One area (`media` or `private`) of one tenant's room. Objects are named by their rows of the ledger only.

    Each raises BucketUnavailable when the store does not answer, BucketRefused when it refuses the gateway.
    """

    def put(self, stored: StoredObject, body: IO[bytes], *, file_name: str) -> str:
        """Write the object of this row with the headers it is to be served with; return its ETag. One request."""

    def copy(self, source: StoredObject, target: StoredObject, *, file_name: str) -> str:
        """Write the object of `target`, in this area, with the bytes of `source`; return its ETag."""

    def read(self, stored: StoredObject) -> AbstractContextManager[IO[bytes]]:
        """Lend the bytes of the object as a stream. Raises ObjectMissing."""

    def remove(self, stored: StoredObject) -> None:
        """Delete the object of this row; one that is not there counts as deleted. One request."""

    def public_url(self, stored: StoredObject) -> str:
        """Return the address of a public object, without a signature. No request."""


def room_storage(area: str, place: str = StoredObject.Place.BUCKET) -> RoomStorage:
    """Return the storage of an area of the bound tenant's room. No query, no request."""
    return bucket_storage(area)


def storage_of(stored: StoredObject) -> RoomStorage:
    """Return the storage in which this row's object lies."""
    return room_storage(stored.area, stored.place)


def link_to(stored: StoredObject, *, file_name: str) -> str:
    """Return a signed address that gives this one object to whoever holds it, for a few minutes.

    It is a secret: redirect to it; never render, store, log or mail it. Raises NotFound when it is not stored.
    """
    return presigned_get(stored, file_name=file_name)


def verify(stored: StoredObject) -> None:
    """Read the object back; raise ObjectDiffers when its bytes are not those of its row. One request."""
    digest, size_bytes = hashlib.sha256(), 0
    with storage_of(stored).read(stored) as body:
        while chunk := body.read(CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
    if (size_bytes, digest.hexdigest()) != (stored.size_bytes, stored.sha256):
        raise ObjectDiffers(f"{stored.pk}: {size_bytes} bytes of {stored.size_bytes}.")
