"""What the public gets of a document: a copy, or the original by a link where a copy would be of no use."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import IO

from django.conf import settings

from media_core.bucket.public_access import prove_public, public_reaches_objects
from media_core.bucket.requirements import require_to_publish
from media_core.errors import PublishingRefused
from media_core.inspection.photo_locations import HEAD_BYTES, copy_without_location, may_be_photo
from media_core.ledger.models import StoredObject
from media_core.storages.file_types import DOWNLOAD_TYPE
from media_core.storages.object_copies import (
    ProvedCopy,
    copy_object,
    open_local_copy,
    store_public_copy,
)
from media_core.storages.tenant_storage import find_storage

PUBLIC = StoredObject.Area.PUBLIC


@contextmanager
def make_public_copy(original: StoredObject, *, file_name: str) -> Iterator[ProvedCopy | None]:
    """Lend the object that the public is to get: a copy of the original, or a photo without its location.

    None where the public is to get the original: it reaches no object without the gateway, and the bytes are the same.
    The public can read a copy when the block begins, proved by asking anonymously; BucketRefused where it cannot.
    Raises BucketProofExpired before anything is written.
    """
    require_to_publish()
    with open_cleaned_photo(original) as photo:
        if photo is None and not public_reaches_objects():
            yield None
            return
        with _write_copy(photo, original, file_name) as copy:
            prove_public(copy.stored)
            yield copy


def public_columns(copy: ProvedCopy | None) -> dict[str, object]:
    """Return the columns of a document of which the public gets this copy, or with None the original."""
    return {"public_copy": copy.stored if copy else None, "shows_original": copy is None}


def _write_copy(
    photo: IO[bytes] | None, original: StoredObject, file_name: str
) -> AbstractContextManager[ProvedCopy]:
    if photo:
        return store_public_copy(photo, original, area=PUBLIC, file_name=file_name)
    return copy_object(
        original, area=PUBLIC, file_name=file_name, kind=StoredObject.Kind.PUBLIC_COPY
    )


@contextmanager
def open_cleaned_photo(original: StoredObject) -> Iterator[IO[bytes] | None]:
    """Lend a copy of a photo without its location; None when it may be published as it is.

    One bucket request for a picture or a plain download, none for anything else. Raises PublishingRefused.
    """
    if not (settings.PUBLIC_PHOTOS_WITHOUT_LOCATION and original.content_type.startswith("image/")):
        refuse_unknown_photo(original)
        yield None
        return
    with open_local_copy(original) as photo, ExitStack() as opened:
        clean = copy_without_location(photo, original.content_type)
        yield opened.enter_context(clean) if clean else None


def refuse_unknown_photo(original: StoredObject) -> None:
    """Refuse (PublishingRefused) a plain download that is a photo: nobody here can take its location out.

    It may be of another kind than browsers show, such as HEIC, or have been sent under another name.
    """
    if not settings.PUBLIC_PHOTOS_WITHOUT_LOCATION or original.content_type != DOWNLOAD_TYPE:
        return
    with find_storage(original).read(original) as body:
        head = body.read(HEAD_BYTES)
    if may_be_photo(head):
        raise PublishingRefused(
            "It looks like a photo, and where it was taken cannot be removed: export it as JPEG, and upload that."
        )
