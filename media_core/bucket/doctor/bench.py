"""What the probes of one run work with: canaries under `<LOCATION_PREFIX>_gateway/`, and ways to ask for them."""

import secrets
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.utils import timezone

from media_core.bucket.anonymous_http import (
    MAX_CLOCK_LAG_SECONDS,
    BucketRequest,
    BucketResponse,
    build_bucket_url,
    send_anonymously,
)
from media_core.bucket.client import get_bucket_client
from media_core.bucket.desired.section import Difference
from tenants.prefixes import ObjectKey, build_gateway_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CANARIES = "canary"
# What a killed run left is swept by the next one; younger canaries may be those of a run that is under way.
ABANDONED_AFTER = timedelta(hours=1)
SHORT_SECONDS = 1
# The bucket's clock counts whole seconds, and so does ours.
EXPIRED_AFTER_SECONDS = 2.2


class Bench:
    """One run. Whatever it writes is named after it, and removed at its end."""

    def __init__(self, *, try_policy: bool = False) -> None:
        self.run = uuid.uuid4().hex
        self.client: S3Client = get_bucket_client()
        self.bucket = settings.BUCKET_NAME
        # Whether the bucket's policy may be changed for a moment, outside mode policy.
        self.try_policy = try_policy or settings.PUBLIC_MEDIA_MODE == "policy"
        self.secret = secrets.token_hex(16).encode()
        # How many requests this run has sent.
        self.requests = 0
        # Set by the probe of forms: without it nothing can be said of what forms are held to.
        self.takes_forms = False
        # So many seconds the bucket's clock is slow, and longer lives what is signed. Set by the probe of clocks.
        self.behind = 0.0
        # What the bucket's configuration differs in, by part; read when it is first asked for.
        self.differences: dict[str, Difference] = {}
        self._dying: dict[str, tuple[Any, float]] = {}

    def key(self, name: str) -> ObjectKey:
        """Return the key of a canary of this run; `name` is as in a room: private/…, media/…."""
        return build_gateway_key(
            f"{CANARIES}/{self.run}/{name}", deployment_prefix=settings.LOCATION_PREFIX
        )

    def put(self, name: str, body: bytes = b"", **given: Any) -> ObjectKey:
        """Write a canary and return its key. One request."""
        key = self.key(name)
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body or self.secret, **given)
        return key

    def read(self, key: ObjectKey) -> bytes | None:
        """Return the bytes of a canary as the gateway reads them, or None when it is not there. One request."""
        try:
            return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:  # noqa: PLR2004 - HTTP's number
                return None
            raise

    def ask_anonymously(
        self, key: ObjectKey | str, method: str = "GET", query: str = ""
    ) -> BucketResponse:
        """Ask the bucket without any signature. One request."""
        return self.ask(method, build_bucket_url(key, query))

    def ask(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> BucketResponse:
        """Send a request as it is, without our keys. Raises BucketUnavailable. One request."""
        self.requests += 1
        return send_anonymously(BucketRequest(method, url, body, headers or {}))

    def link(self, operation: str, key: ObjectKey, *, seconds: int = 60, **given: Any) -> str:
        """Return a presigned URL for a canary. No request."""
        parameters = {"Bucket": self.bucket, "Key": key, **given}
        return self.client.generate_presigned_url(operation, Params=parameters, ExpiresIn=seconds)

    def keep_until_expired(self, name: str, made: Any) -> None:
        """Keep something signed for a second, to be used when it is over: other probes run meanwhile."""
        self._dying[name] = (made, time.monotonic() + EXPIRED_AFTER_SECONDS)

    def begin_multipart_upload(self, key: ObjectKey) -> str:
        """Begin an upload of parts and return its id. One request."""
        return self.client.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"]

    def take_expired(self, name: str) -> Any:
        """Return what is over by the bucket's clock, or None when it was never made; waits for the rest of its time."""
        made, at = self._dying.get(name, (None, 0.0))
        at += min(self.behind, MAX_CLOCK_LAG_SECONDS)
        time.sleep(max(0.0, at - time.monotonic()))
        return made


@contextmanager
def open_bench(*, try_policy: bool = False) -> Iterator[Bench]:
    """Lend a bench, and remove what was written on it, however the block ends."""
    made = Bench(try_policy=try_policy)

    def count(**_given: Any) -> None:
        made.requests += 1

    events = made.client.meta.events
    events.register("before-send.s3", count)
    try:
        yield made
    finally:
        # What cannot be removed now is found by the next run. The report says what kept the bucket from answering.
        with suppress(BotoCoreError, ClientError):
            clear_canaries(made)
        events.unregister("before-send.s3", count)


def clear_canaries(made: Bench) -> None:
    """Remove every canary of this run, and of runs that were killed; unfinished uploads of parts too."""
    prefix = _build_canary_prefix()
    pages = made.client.get_paginator("list_objects_v2").paginate(Bucket=made.bucket, Prefix=prefix)
    for page in pages:
        for found in page.get("Contents", ()):
            if _may_remove(made, found["Key"], found["LastModified"]):
                made.client.delete_object(Bucket=made.bucket, Key=found["Key"])
    uploads = made.client.list_multipart_uploads(Bucket=made.bucket, Prefix=prefix)
    for upload in uploads.get("Uploads", ()):
        if _may_remove(made, upload["Key"], upload["Initiated"]):
            made.client.abort_multipart_upload(
                Bucket=made.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )


def _build_canary_prefix() -> str:
    return build_gateway_key(f"{CANARIES}/x", deployment_prefix=settings.LOCATION_PREFIX)[:-1]


def _may_remove(made: Bench, key: str, since: Any) -> bool:
    """Return whether it is a canary that nobody needs. A store that overlooks a prefix lists others' objects, too."""
    is_old = since < timezone.now() - ABANDONED_AFTER
    return key.startswith(made.key("x")[:-1]) or (is_old and key.startswith(_build_canary_prefix()))
