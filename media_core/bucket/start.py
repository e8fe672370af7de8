"""What the gateway logs at its start: whether the bucket's proof is missing or old."""

import logging

from botocore.config import Config
from django.conf import settings
from django.db import DatabaseError, connection

from media_core.bucket.bucket_errors import translate_errors
from media_core.bucket.capabilities import REMEDY, find_proof, list_unproved
from media_core.bucket.client import get_bucket_access, make_one_off_client
from media_core.bucket.proof_age import AGE_REMEDY, find_old_proof

logger = logging.getLogger("media_core.storages")


def find_proof_problem() -> tuple[str, str] | None:
    """Return what is wrong with the proof of the bucket and what to do about it, if anything is. One query."""
    if not settings.USE_S3_MEDIA:
        return None
    known = find_proof()
    if age := find_old_proof(known):
        return str(age), AGE_REMEDY
    missing = [
        f"{each.value} (last tried: {known.format_time(each)})" for each in list_unproved(known)
    ]
    if missing:
        return f"The bucket is not proved to be fit: {', '.join(missing)}.", REMEDY
    return None


def log_proof_problem() -> None:
    """Write a line into the log when something is wrong. The database may still lack our tables, or be away."""
    try:
        problem = find_proof_problem()
    except DatabaseError:
        problem = ("Whether the bucket is fit could not be asked of the database.", REMEDY)
    finally:
        # Workers may be forked from this process.
        if not connection.in_atomic_block:
            connection.close()
    if problem:
        logger.warning("%s %s", *problem)


def require_bucket_access() -> None:
    """List one key with the keys of settings. Raises BucketUnavailable or BucketRefused, and boto's errors."""
    once = Config(retries={"mode": "standard", "total_max_attempts": 1})
    client = make_one_off_client(get_bucket_access(), once)
    with translate_errors():
        client.list_objects_v2(
            Bucket=settings.BUCKET_NAME, Prefix=settings.LOCATION_PREFIX, MaxKeys=1
        )
