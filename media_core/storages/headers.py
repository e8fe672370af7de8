"""What an object is served with. Stored on it, because a public address can ask for nothing else."""

from typing import Any

from django.conf import settings

from media_core.storages.content_types import build_disposition
from tenants.prefixes import PUBLIC_AREA

PRIVATE_CACHE = "private, no-store"
PUBLIC_CACHE = "public, max-age=300"
IMMUTABLE_CACHE = "public, max-age=31536000, immutable"


def build_object_parameters(
    area: str, content_type: str, *, file_name: str, key_is_its_own: bool = True
) -> dict[str, Any]:
    """Return the parameters of S3 with which an object of this area is written.

    Its proved type, inline or attachment, how long it may be kept, and its ACL where public objects have one; never
    a Content-Encoding, which would make a browser unpack what somebody uploaded.
    """
    return {
        "ContentType": content_type,
        "ContentDisposition": build_disposition(content_type, file_name),
        "CacheControl": choose_cache_control(area, key_is_its_own=key_is_its_own),
        **({"ACL": "public-read"} if has_acl(area) else {}),
    }


def choose_cache_control(area: str, *, key_is_its_own: bool = True) -> str:
    """Return how long browsers and CDNs may keep an object of this area.

    A key that is never used again may be kept for a year, but for what is taken back. A public file of an app has its
    name for a key, and another may have it next.
    """
    if area != PUBLIC_AREA:
        return PRIVATE_CACHE
    is_for_ever = settings.PUBLIC_MEDIA_IMMUTABLE and key_is_its_own
    return IMMUTABLE_CACHE if is_for_ever else PUBLIC_CACHE


def has_acl(area: str) -> bool:
    """Return whether objects of this area are written with an ACL; without one they are private."""
    return area == PUBLIC_AREA and settings.PUBLIC_MEDIA_MODE == "acl"
