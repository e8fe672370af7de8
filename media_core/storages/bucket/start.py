"""What a start of the gateway says of its bucket: whether it was proved to be fit, and not too long ago."""

import logging

from botocore.config import Config
from django.conf import settings
from django.db import DatabaseError, connection

from media_core.storages.bucket.capabilities import REMEDY, proof, unproved
from media_core.storages.bucket_errors import translating
from media_core.storages.client import bucket_access, client_like

logger = logging.getLogger("media_core.storages")


def not_proved() -> str:
    """Return what the gateway needs of its bucket and nobody has proved lately; nothing when all is. One query."""
    if not settings.USE_S3_MEDIA:
        return ""
    known = proof()
    missing = [f"{each.value} (last tried: {known.when(each)})" for each in unproved(known)]
    return f"The bucket is not proved to be fit: {', '.join(missing)}." if missing else ""


def say_what_is_not_proved() -> None:
    """Write a line into the log when something is missing. The database may still lack our tables, or be away."""
    try:
        why = not_proved()
    except DatabaseError:
        why = "Whether the bucket is fit could not be asked of the database."
    finally:
        # Workers may be forked from this process.
        if not connection.in_atomic_block:
            connection.close()
    if why:
        logger.warning("%s %s", why, REMEDY)


def require_bucket() -> None:
    """List one key with the keys of settings. Raises BucketUnavailable or BucketRefused, and boto's errors."""
    once = Config(retries={"mode": "standard", "total_max_attempts": 1})
    client = client_like(bucket_access(), once)
    with translating():
        client.list_objects_v2(
            Bucket=settings.BUCKET_NAME, Prefix=settings.LOCATION_PREFIX, MaxKeys=1
        )
