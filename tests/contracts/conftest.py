"""Two tenants' rooms in each place that can hold them: on disk, and in whatever bucket the settings name."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.base import ContentFile

from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import Content
from media_core.storages.tenant_storage import find_storage, sign_url
from media_core.uploads.flow import compute_sha256
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.server import Gateway, serving

PLACES = ["disk", pytest.param("bucket", marks=pytest.mark.bucket)]


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, settings: LazySettings, tmp_path: Path) -> str:
    """Let new objects go to one place after the other."""
    settings.DISK_MEDIA_ROOT = str(tmp_path / "rooms")
    Path(settings.DISK_MEDIA_ROOT).mkdir(mode=0o700)
    settings.USE_S3_MEDIA = request.param == "bucket"
    return str(request.param)


@pytest.fixture
def gateway(db: None, place: str) -> Iterator[Gateway]:
    with serving() as gateway:
        yield gateway


Kept = Callable[..., StoredObject]


@pytest.fixture
def kept(acme: Tenant, globex: Tenant, place: str) -> Kept:
    """Write an object into a room by the words that flows use; return its row."""

    def keep(
        body: bytes = b"acme's", file_name: str = "x.pdf", tenant: Tenant = acme, **given: Any
    ) -> StoredObject:
        content_type = given.pop("content_type", "application/pdf")
        content = Content(file_name, len(body), content_type, digest(body))
        with bind_tenant(tenant):
            row = StoredObject.objects.create_pending(content, area=given.pop("area", "private"))
            row.mark_stored(find_storage(row).put(row, BytesIO(body), file_name=file_name))
        assert row.place == place
        return row

    return keep


def digest(body: bytes) -> str:
    return compute_sha256(ContentFile(body))


Link = Callable[..., str]


@pytest.fixture
def link(acme: Tenant) -> Link:
    """Return a signed address of an object."""

    def sign(row: StoredObject, file_name: str = "x.pdf", tenant: Tenant = acme) -> str:
        with bind_tenant(tenant):
            return sign_url(row, file_name=file_name)

    return sign
