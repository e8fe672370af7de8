"""Where the files of apps are reached. Addresses are permanent and come from names alone: no query, no request."""

from urllib.parse import quote

from django.conf import settings
from django.urls import reverse

from media_core.bucket.public_access import join_public_url
from tenants.binding import bound_tenant
from tenants.prefixes import PRIVATE_AREA, PUBLIC_AREA


def build_public_url(name: str) -> str:
    """Return the address of a public file: in the bucket or at the CDN, else a path at the tenant's host."""
    key = bound_tenant().prefix.build_key(f"{PUBLIC_AREA}/{name}")
    if settings.USE_S3_MEDIA and settings.PUBLIC_MEDIA_MODE != "gateway":
        return join_public_url(key)
    return reverse("files:public", kwargs={"name": name}, urlconf=settings.ROOT_URLCONF)


def build_private_url(name: str) -> str:
    """Return the path at the tenant's host where whoever may read a private file is sent on to it."""
    bound_tenant().prefix.build_key(f"{PRIVATE_AREA}/{name}")
    return build_private_path(name)


def build_private_path(name: str) -> str:
    """Return the path of a private file's permanent address."""
    return f"/private/{quote(name, safe='/~')}"
