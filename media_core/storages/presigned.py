"""The only signer. It takes a row of the ledger that a permission check has returned, never a key or a name."""

import time

from django.conf import settings

from media_core.bucket.client import get_bucket_client
from media_core.bucket.percent import encode_component
from media_core.bucket.signing import find_own_signer
from media_core.ledger.models import StoredObject
from media_core.storages.content_types import build_disposition, encode_disposition, is_streamed
from media_core.storages.file_types import DOWNLOAD_TYPE, INLINE_TYPES
from tenants.errors import NotFound
from tenants.models import MAX_PRESIGN_SECONDS, Tenant
from tenants.prefixes import ObjectKey

STORED = StoredObject.State.STORED.value
NO_STORE = "private, no-store"
ENCODED_NO_STORE = encode_component(NO_STORE)
ENCODED_TYPES = {known: encode_component(known) for known in (*INLINE_TYPES, DOWNLOAD_TYPE)}


def presign_get(stored: StoredObject, *, file_name: str) -> str:
    """Return a URL that gives this one object to whoever holds it, for a few minutes.

    Type, disposition and `private, no-store` are part of what is signed, so the holder cannot change them. The URL
    is a secret: redirect to it; never render, store, log or mail it.

    No query, no request to the bucket. Raises NotFound for an object that is not stored.
    """
    if stored.state != STORED:
        raise NotFound
    tenant = stored.require_tenant()
    key, content_type = tenant.prefix.build_key(stored.name), stored.content_type
    seconds = choose_lifetime_seconds(tenant, content_type)
    signer = find_own_signer()
    if signer is None:
        return _presign_with_botocore(
            key, build_disposition(content_type, file_name), content_type, seconds
        )
    shown = encode_disposition(content_type, file_name)
    # In the order of the alphabet, as `sigv4.build_query` has it.
    query = (
        f"response-cache-control={ENCODED_NO_STORE}&response-content-disposition={shown}"
        f"&response-content-type={ENCODED_TYPES.get(content_type) or encode_component(content_type)}"
    )
    return signer.sign_url(key, query, method="GET", seconds=seconds, now=int(time.time()))


def _presign_with_botocore(key: ObjectKey, shown: str, content_type: str, seconds: int) -> str:
    return get_bucket_client().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings.BUCKET_NAME,
            "Key": key,
            "ResponseCacheControl": NO_STORE,
            "ResponseContentDisposition": shown,
            "ResponseContentType": content_type,
        },
        ExpiresIn=seconds,
        HttpMethod="GET",
    )


def choose_lifetime_seconds(tenant: Tenant, content_type: str) -> int:
    """Return how long a link lives: the tenant's choice, else the deployment's; never more than an hour.

    Audio and video get the hour when the tenant chose nothing: a player asks again whenever somebody seeks.
    """
    chosen: int | None = tenant.presign_seconds
    if chosen is None and is_streamed(content_type):
        chosen = MAX_PRESIGN_SECONDS
    return min(chosen or settings.PRESIGNED_URL_EXPIRATION, MAX_PRESIGN_SECONDS)
