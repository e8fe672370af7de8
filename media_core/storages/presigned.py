"""The only signer. It takes a row of the ledger that a permission check has returned, never a key or a name."""

from django.conf import settings

from media_core.storages.client import bucket_client
from media_core.storages.content_types import disposition, is_streamed
from media_core.storages.models import StoredObject
from tenants.binding import bound_tenant
from tenants.errors import NotFound
from tenants.models import MAX_PRESIGN_SECONDS, Tenant


def presigned_get(stored: StoredObject, *, file_name: str) -> str:
    """Return a URL that gives this one object to whoever holds it, for a few minutes.

    Type, disposition and `private, no-store` are part of what is signed, so the holder cannot change them. The URL
    is a secret: redirect to it; never render, store, log or mail it.

    No query, no request to the bucket. Raises NotFound for an object that is not stored.
    """
    if stored.state != StoredObject.State.STORED:
        raise NotFound
    return bucket_client().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings.BUCKET_NAME,
            "Key": stored.key,
            "ResponseContentType": stored.content_type,
            "ResponseContentDisposition": disposition(stored.content_type, file_name),
            "ResponseCacheControl": "private, no-store",
        },
        ExpiresIn=lifetime_seconds(bound_tenant(), stored.content_type),
        HttpMethod="GET",
    )


def lifetime_seconds(tenant: Tenant, content_type: str) -> int:
    """Return how long a link lives: the tenant's choice, else the deployment's; never more than an hour.

    Audio and video get the hour when the tenant chose nothing: a player asks again whenever somebody seeks.
    """
    chosen: int | None = tenant.presign_seconds
    if chosen is None and is_streamed(content_type):
        chosen = MAX_PRESIGN_SECONDS
    return min(chosen or settings.PRESIGNED_URL_EXPIRATION, MAX_PRESIGN_SECONDS)
