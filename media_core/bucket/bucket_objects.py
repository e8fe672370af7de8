"""What really lies in the bucket, in the order of keys, and what of it the public can read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from media_core.bucket.bucket_errors import get_status, translate_error, translate_errors
from media_core.bucket.client import get_anonymous_client, get_bucket_client
from media_core.bucket.public_access import ANONYMOUS_REFUSALS

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CopySourceTypeDef


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a listing has it."""

    key: str
    size_bytes: int
    modified_at: datetime
    etag: str = ""


def iterate_objects(prefix: str) -> Iterator[ListedObject]:
    """Yield the objects whose keys begin so, in the order of their keys in UTF-8. One request for each 1,000.

    Raises BucketUnavailable.
    """
    pages = get_bucket_client().get_paginator("list_objects_v2")
    with translate_errors():
        for page in pages.paginate(Bucket=settings.BUCKET_NAME, Prefix=prefix):
            for entry in page.get("Contents", []):
                etag = entry.get("ETag", "").strip('"')
                yield ListedObject(entry["Key"], entry["Size"], entry["LastModified"], etag)


def find_size(key: str) -> int | None:
    """Return the size of the object under this key; None when there is none. Raises BucketUnavailable. One request."""
    try:
        return int(
            get_bucket_client().head_object(Bucket=settings.BUCKET_NAME, Key=key)["ContentLength"]
        )
    except ClientError as error:
        if get_status(error) == HTTPStatus.NOT_FOUND:
            return None
        raise translate_error(error) from error
    except BotoCoreError as error:
        raise translate_error(error) from error


def can_public_read(key: str) -> bool:
    """Return whether the bucket gives this object to the public. For threads as well. Raises BucketUnavailable.

    One request, without credentials.
    """
    try:
        get_anonymous_client().head_object(Bucket=settings.BUCKET_NAME, Key=key)
    except ClientError as error:
        if get_status(error) in ANONYMOUS_REFUSALS:
            return False
        raise translate_error(error) from error
    except BotoCoreError as error:
        raise translate_error(error) from error
    return True


def set_public_acl(key: str, *, is_public: bool) -> None:
    """Let the public read this object, or not, in mode `acl`. Raises BucketUnavailable. One request."""
    acl: Literal["public-read", "private"] = "public-read" if is_public else "private"
    with translate_errors():
        get_bucket_client().put_object_acl(Bucket=settings.BUCKET_NAME, Key=key, ACL=acl)


def move_object(key: str, target: str) -> None:
    """Move an object to another key, by copying it and removing it. Raises BucketUnavailable. Two requests."""
    source: CopySourceTypeDef = {"Bucket": settings.BUCKET_NAME, "Key": key}
    with translate_errors():
        get_bucket_client().copy_object(Bucket=settings.BUCKET_NAME, Key=target, CopySource=source)
        get_bucket_client().delete_object(Bucket=settings.BUCKET_NAME, Key=key)
