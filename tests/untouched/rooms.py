"""What a tenant's room holds, seen from below the apps: in the ledger, in the bucket, in the quota."""

from io import BytesIO

import requests
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from PIL import Image

from media_core.app_files.models import AppFile
from media_core.bucket.client import get_bucket_client
from media_core.bucket.public_access import join_public_url
from media_core.ledger.models import StoredObject
from tenants.binding import bind_tenant
from tenants.models import Quota, Tenant
from tenants.prefixes import Prefix


def storage(area: str) -> Storage:
    return storages["default" if area == "media" else "private"]


def live(tenant: Tenant, area: str) -> dict[str, StoredObject]:
    """Return the objects of the files that apps have in an area of a tenant's room, by the apps' names."""
    with bind_tenant(tenant):
        files = AppFile.objects.live(area).select_related("stored_object")
        return {file.name: file.stored_object for file in files}


def all_live(tenant: Tenant) -> dict[str, StoredObject]:
    return live(tenant, "media") | live(tenant, "private")


def used_bytes(tenant: Tenant) -> int:
    return Quota.objects.get(tenant=tenant).used_bytes


def keys_of(tenant: Tenant) -> set[str]:
    """Return the keys that the bucket holds under the tenant's prefix."""
    with bind_tenant(tenant):
        prefix = str(tenant.prefix)
    pages = get_bucket_client().get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=settings.BUCKET_NAME, Prefix=prefix)
    return {str(one["Key"]) for page in found for one in page.get("Contents", [])}


def asked_in_bucket(tenant: Tenant, row: StoredObject) -> requests.Response:
    """Ask the bucket for the object as a stranger who knows its key."""
    with bind_tenant(tenant):
        return requests.get(join_public_url(row.key), timeout=10)


def prefix_of(tenant: Tenant) -> Prefix:
    with bind_tenant(tenant):
        return tenant.prefix


def picture(colour: str = "red", size: tuple[int, int] = (60, 40)) -> bytes:
    """Return a PNG."""
    body = BytesIO()
    Image.new("RGB", size, colour).save(body, "PNG")
    return body.getvalue()


def pdf(text: str = "one") -> bytes:
    return b"%PDF-1.4\n% " + text.encode() + b"\n%%EOF\n"


def file(content: bytes, name: str) -> "ContentFile[bytes]":
    return ContentFile(content, name=name)
