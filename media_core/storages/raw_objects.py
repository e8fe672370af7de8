"""An object by its key alone, with our credentials: for the threads of a prover, which are bound to no tenant.

The keys come from `Prefix.key`, of rows that the ledger has. Flows speak to `room.py` instead.
"""

from contextlib import closing

from django.conf import settings

from media_core.bucket.bucket_errors import BUCKET_ERRORS, translate_error
from media_core.bucket.client import get_bucket_client
from media_core.errors import ObjectMissing
from media_core.storages.file_types import DOWNLOAD_TYPE
from media_core.storages.headers import build_object_parameters
from tenants.prefixes import ObjectKey


def put(key: ObjectKey, body: bytes, *, area: str) -> None:
    """Write an object as flows write one of this area. Raises BucketUnavailable. One request."""
    headers = build_object_parameters(area, DOWNLOAD_TYPE, file_name=key.rpartition("/")[2])
    try:
        get_bucket_client().put_object(Bucket=settings.BUCKET_NAME, Key=key, Body=body, **headers)
    except BUCKET_ERRORS as error:
        raise translate_error(error) from error


def read(key: ObjectKey) -> bytes | None:
    """Return the bytes of an object, None when there is none. Raises BucketUnavailable. One request."""
    try:
        answer = get_bucket_client().get_object(Bucket=settings.BUCKET_NAME, Key=key)
        with closing(answer["Body"]) as body:
            return body.read()
    except BUCKET_ERRORS as error:
        meaning = translate_error(error)
        if isinstance(meaning, ObjectMissing):
            return None
        raise meaning from error


def remove(key: ObjectKey) -> None:
    """Delete an object; one that is not there counts as deleted. Raises BucketUnavailable. One request."""
    try:
        get_bucket_client().delete_object(Bucket=settings.BUCKET_NAME, Key=key)
    except BUCKET_ERRORS as error:
        raise translate_error(error) from error
