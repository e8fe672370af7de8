"""Where the ownership marker lies: in the bucket, or below DISK_MEDIA_ROOT where settings name no bucket."""

from contextlib import suppress
from http import HTTPStatus
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings

from media_core import disk_files
from media_core.bucket.bucket_errors import get_error_code, get_status, translate_errors
from media_core.bucket.client import get_bucket_client
from media_core.errors import BucketRefused, ObjectDiffers, ObjectMissing
from tenants.prefixes import ObjectKey, build_gateway_key

NO_BUCKET = "NoSuchBucket"
LOOK_AT = "look at AWS_STORAGE_BUCKET_NAME and AWS_S3_ENDPOINT_URL"
NOT_CONDITIONAL = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED})
ALREADY_THERE = frozenset({HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})


def make_marker_key() -> ObjectKey:
    """Return where the marker of this deployment is."""
    return build_gateway_key("owner.json", deployment_prefix=settings.LOCATION_PREFIX)


def is_on_disk() -> bool:
    """Return whether there is no bucket, not even for what is left there."""
    return not settings.BUCKET_NAME


def describe_place() -> str:
    """Return where the marker is, for people."""
    place = settings.DISK_MEDIA_ROOT if is_on_disk() else settings.BUCKET_NAME
    return f"{make_marker_key()} in {place}"


def read_marker(most_bytes: int) -> bytes:
    """Return the beginning of what lies there. Raises ObjectMissing, BucketUnavailable or BucketRefused. One GET."""
    if is_on_disk():
        return _read_file(most_bytes)
    try:
        with translate_errors():
            body = get_bucket_client().get_object(
                Bucket=settings.BUCKET_NAME, Key=make_marker_key()
            )["Body"]
            try:
                return body.read(most_bytes)
            finally:
                body.close()
    except ClientError as error:
        if get_error_code(error) != NO_BUCKET:
            raise
        raise BucketRefused(f"It has no bucket {settings.BUCKET_NAME!r}: {LOOK_AT}.") from error


def _read_file(most_bytes: int) -> bytes:
    try:
        with disk_files.open_file(make_marker_key()) as file:
            return file.read(most_bytes)
    except FileNotFoundError as error:
        raise ObjectMissing(f"{make_marker_key()} is not on disk.") from error


def write_first(content: bytes) -> None:
    """Write the marker unless there is one."""
    if is_on_disk():
        with suppress(ObjectDiffers):
            disk_files.write_once(make_marker_key(), BytesIO(content))
        return
    try:
        with translate_errors():
            _put(content, IfNoneMatch="*")
    except ClientError as error:
        if get_status(error) in ALREADY_THERE:
            return
        if get_status(error) not in NOT_CONDITIONAL:
            raise
        with translate_errors():
            _put(content)


def overwrite_marker(content: bytes) -> None:
    """Write the marker in the place of another."""
    if is_on_disk():
        remove_marker()
        write_first(content)
        return
    with translate_errors():
        _put(content)


def remove_marker() -> None:
    if is_on_disk():
        disk_files.remove_file(make_marker_key())
        return
    with translate_errors():
        get_bucket_client().delete_object(Bucket=settings.BUCKET_NAME, Key=make_marker_key())


def _put(content: bytes, **given: Any) -> None:
    get_bucket_client().put_object(
        Bucket=settings.BUCKET_NAME,
        Key=make_marker_key(),
        Body=content,
        ContentType="application/json",
        **given,
    )
