"""What strangers reach without the gateway: where it is, and the proof that it is there."""

from urllib.parse import quote, urlsplit

from botocore.exceptions import ClientError
from django.conf import settings

from media_core.bucket.bucket_errors import BUCKET_ERRORS, get_status, translate_error
from media_core.bucket.client import get_anonymous_client
from media_core.errors import BucketRefused
from media_core.ledger.models import StoredObject
from tenants.prefixes import ObjectKey

ANONYMOUS_REFUSALS = frozenset({401, 403, 404})
REMEDIES = {
    "acl": "The bucket overlooks ACLs: set PUBLIC_MEDIA_MODE=policy or gateway.",
    "policy": "Put what `manage.py public_policy` prints into the bucket's policy, "
    "or set PUBLIC_MEDIA_MODE=gateway.",
}


def is_public(stored: StoredObject) -> bool:
    """Return whether everybody reaches this object at its public address. No request."""
    return (
        stored.area == StoredObject.Area.PUBLIC
        and stored.state == StoredObject.State.STORED
        and settings.PUBLIC_MEDIA_MODE != "gateway"
    )


def public_reaches_objects() -> bool:
    """Return whether the public reaches the objects that are written now without the gateway. No request."""
    return bool(settings.USE_S3_MEDIA) and settings.PUBLIC_MEDIA_MODE != "gateway"


def join_public_url(key: ObjectKey) -> str:
    """Return the address of a public object, without a signature. A join of strings: it makes no client."""
    return f"{get_public_base_url()}/{quote(key, safe='/~')}"


def get_public_base_url() -> str:
    """Return where public objects are: the CDN of PUBLIC_MEDIA_BASE_URL, else the bucket as we address it."""
    if settings.PUBLIC_MEDIA_BASE_URL:
        return str(settings.PUBLIC_MEDIA_BASE_URL).rstrip("/")
    return get_bucket_base_url()


def get_bucket_base_url() -> str:
    """Return where the bucket itself is, as we address it. No request."""
    endpoint = urlsplit(settings.BUCKET_ENDPOINT_URL)
    if settings.BUCKET_ADDRESSING_STYLE == "virtual" and _can_be_subdomain(endpoint.scheme):
        return f"{endpoint.scheme}://{settings.BUCKET_NAME}.{endpoint.netloc}"
    return f"{endpoint.scheme}://{endpoint.netloc}/{settings.BUCKET_NAME}"


def _can_be_subdomain(scheme: str) -> bool:
    # A wildcard certificate covers one label; boto, too, addresses such a bucket by path over HTTPS.
    return scheme == "http" or "." not in settings.BUCKET_NAME


def prove_public(stored: StoredObject) -> None:
    """Ask for a public object as a stranger; raise BucketRefused when the bucket does not give it. One HEAD.

    In mode gateway, and on disk, there is nothing to prove. No request then.
    """
    in_bucket = stored.place == StoredObject.Place.BUCKET
    if settings.PUBLIC_MEDIA_MODE == "gateway" or not in_bucket:
        return
    try:
        get_anonymous_client().head_object(Bucket=settings.BUCKET_NAME, Key=stored.key)
    except ClientError as error:
        if get_status(error) not in ANONYMOUS_REFUSALS:
            raise translate_error(error) from error
        mode = settings.PUBLIC_MEDIA_MODE
        raise BucketRefused(
            f"Strangers get {get_status(error)} with PUBLIC_MEDIA_MODE={mode}. {REMEDIES[mode]}"
        ) from error
    except BUCKET_ERRORS as error:
        raise translate_error(error) from error
