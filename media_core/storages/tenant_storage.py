"""The storages of a room: in the bucket or on disk, with the same words. Flows speak to these only."""

from contextlib import AbstractContextManager
from typing import IO, Protocol

from django.conf import settings

from media_core.disk_files import copy_and_digest
from media_core.errors import BucketRefused, ObjectDiffers, ObjectMissing
from media_core.ledger.models import StoredObject
from media_core.storages.disk_storage import get_disk_storage
from media_core.storages.presigned import presign_get
from media_core.storages.shared_bucket import get_bucket_storage
from media_core.storages.signed_files import sign_file_path


class TenantStorage(Protocol):
    """One area (`media` or `private`) of one tenant's room. Objects are named by their rows of the ledger only.

    Each raises BucketUnavailable when the store does not answer, BucketRefused when it refuses the gateway.
    """

    def put(self, stored: StoredObject, body: IO[bytes], *, file_name: str) -> str:
        """Write the object of this row with the headers it is to be served with; return its ETag. One request."""

    def copy(self, source: StoredObject, target: StoredObject, *, file_name: str) -> str:
        """Write the object of `target`, in this area, with the bytes of `source`; return its ETag."""

    def read(self, stored: StoredObject) -> AbstractContextManager[IO[bytes]]:
        """Lend the bytes of the object as a stream. Raises ObjectMissing."""

    def holds(self, stored: StoredObject) -> bool:
        """Return whether the object of this row is there. One request.

        A key that is not its own may have another's bytes, which do not count: two requests where no ETag proves them.
        """

    def remove(self, stored: StoredObject) -> None:
        """Delete the object of this row; one that is not there counts as deleted. One request.

        Where `holds` says that what has its key is another's, nothing is deleted; it is asked first, of such keys only.
        """

    def build_public_url(self, stored: StoredObject) -> str:
        """Return the address of a public object, without a signature. No request."""


def get_tenant_storage(area: str, place: str = StoredObject.Place.BUCKET) -> TenantStorage:
    """Return the storage of an area of the bound tenant's room. No query, no request."""
    if place == StoredObject.Place.DISK:
        return get_disk_storage(area)
    refuse_without_bucket()
    return get_bucket_storage(area)


def refuse_without_bucket() -> None:
    """Raise BucketRefused when the deployment has no keys of a bucket any more, but an object lies there."""
    if not (settings.BUCKET_NAME and settings.BUCKET_ACCESS_KEY and settings.BUCKET_SECRET_KEY):
        raise BucketRefused("The object lies in the bucket: set AWS_STORAGE_BUCKET_NAME and keys.")


def find_storage(stored: StoredObject) -> TenantStorage:
    """Return the storage in which this row's object lies."""
    return get_tenant_storage(stored.area, stored.place)


def sign_url(stored: StoredObject, *, file_name: str) -> str:
    """Return a signed address that gives this one object to whoever holds it, for a few minutes.

    In the bucket it is a presigned URL, on disk a path at the tenant's host. It is a secret: redirect to it; never
    render, store, log or mail it. Raises NotFound when the object is not stored.
    """
    if stored.place == StoredObject.Place.DISK:
        return sign_file_path(stored, file_name=file_name)
    refuse_without_bucket()
    return presign_get(stored, file_name=file_name)


def remove_everywhere(stored: StoredObject) -> None:
    """Delete the object of this row, and the copy that a move between disk and bucket may have left. One query."""
    for storage in _find_storages(stored):
        storage.remove(stored)


def exists_anywhere(stored: StoredObject) -> bool:
    """Return whether the object of this row, or a copy that a move may have left, is there. One query, one request."""
    return any(storage.holds(stored) for storage in _find_storages(stored))


def _find_storages(stored: StoredObject) -> list[TenantStorage]:
    """Return where the object may lie. Asked anew: it may have moved since. What has left `stored` moves no more."""
    places = {stored.place, stored.left_in}
    for known in StoredObject.objects.filter(pk=stored.pk).values_list("place", "left_in"):
        places |= {*known}
    return [get_tenant_storage(stored.area, place) for place in sorted(places - {""})]


def verify_bytes(stored: StoredObject, *, place: str = "") -> None:
    """Read the object back from its place, or another; raise ObjectDiffers when its bytes are not those of its row.

    Raises ObjectMissing. One request.
    """
    with get_tenant_storage(stored.area, place or stored.place).read(stored) as body:
        size_bytes, digest = copy_and_digest(body, len)
    if (size_bytes, digest) != (stored.size_bytes, stored.sha256):
        raise ObjectDiffers(f"{stored.pk}: {size_bytes} bytes of {stored.size_bytes}.")


def has_own_bytes(stored: StoredObject, *, place: str = "") -> bool:
    """Return whether its place, or another, has an object with the bytes of this row. One request."""
    try:
        verify_bytes(stored, place=place)
    except (ObjectDiffers, ObjectMissing):
        return False
    return True
