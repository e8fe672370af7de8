"""Counts a tenant's objects by listing the bucket, for when the ledger cannot be read."""

from django.conf import settings

from media_core.bucket.bucket_errors import BUCKET_ERRORS, translate_error
from media_core.bucket.client import get_bucket_client
from tenants.prefixes import Prefix


def count_objects(prefix: Prefix, area: str) -> tuple[int, int]:
    """Return how many objects an area of a room has in the bucket, and their bytes. One request for each thousand.

    Raises BucketUnavailable.
    """
    pages = get_bucket_client().get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=settings.BUCKET_NAME, Prefix=f"{prefix}{area}/")
    try:
        sizes = [entry["Size"] for page in found for entry in page.get("Contents", [])]
    except BUCKET_ERRORS as error:
        raise translate_error(error) from error
    return len(sizes), sum(sizes)
