"""Uploads, what they leave when they are killed, and what then lies in the bucket."""

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db.models import Sum

from media_core.bucket.client import get_bucket_client
from media_core.documents.models import Document, Version
from media_core.documents.permissions import require_editor
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import get_tenant_storage
from media_core.uploads.flow import store_upload, sweep
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.conftest import member
from tests.media_core.conftest import books, content, grow_old


def keys(tenant: Tenant) -> set[str]:
    """Return what really lies in a tenant's room."""
    pages = get_bucket_client().get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=settings.BUCKET_NAME, Prefix=str(tenant.prefix))
    return {entry["Key"] for page in found for entry in page.get("Contents", [])}


def agree(tenant: Tenant, keys_before: set[str]) -> None:
    """Assert that after a sweep bucket, ledger and documents are the same objects, and usage adds up all the time."""
    books(tenant)
    with bind_tenant(tenant):
        grow_old(*StoredObject.objects.all())
        sweep()
        stored = {row.key for row in StoredObject.objects.stored()}
        documents = {row.original.key for row in Document.objects.with_object()}
        documents |= {row.key for row in StoredObject.objects.exclude(published_document=None)}
        documents |= {row.original.key for row in Version.objects.select_related("original")}
        assert keys(tenant) - keys_before == stored == documents
        open_states = ["pending", "abandoned", "condemned"]
        assert not StoredObject.objects.filter(state__in=open_states).exists()
        charged = StoredObject.objects.aggregate(total=Sum("charged_bytes"))["total"] or 0
        kept = sum(
            row.size_bytes for row in StoredObject.objects.stored() if row.kind != "public_copy"
        )
    assert books(tenant) == (charged, 0) == (kept, 0)


@pytest.fixture
def upload(acme, people):
    """Upload a file into a tenant's room as its member; acme's editor when nobody is named."""

    def upload_file(content=b"content", name="offer.pdf", tenant=acme, who="ed", **given):
        uploader = require_editor(member(people[who], tenant))
        with bind_tenant(tenant):
            return store_upload(uploader=uploader, file=ContentFile(content, name=name), **given)

    return upload_file


@pytest.fixture
def new_keys(acme):
    """Return what came into acme's room since the test began: the bucket outlives a test's rows."""
    before = keys(acme)
    return lambda: keys(acme) - before


@pytest.fixture
def left_over(acme):
    """Leave what an upload leaves that was killed after its bytes were stored: an old pending row, and its object."""

    def leave(tenant=acme, old=True):
        with bind_tenant(tenant):
            row = StoredObject.objects.reserve(content("x.pdf", 5))
            get_tenant_storage(StoredObject.Area.PRIVATE).put(
                row, ContentFile(b"bytes"), file_name="x.pdf"
            )
            if old:
                grow_old(row)
            return StoredObject.objects.get(pk=row.pk)

    return leave
