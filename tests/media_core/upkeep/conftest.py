"""Objects of two tenants in one place, and what really lies in each."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings

from media_core.ledger.models import StoredObject
from media_core.ledger.querysets import Content
from media_core.storages.tenant_storage import find_storage
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.contracts.conftest import digest
from tests.media_core.uploads.conftest import keys

OTHER = {"disk": "bucket", "bucket": "disk"}


@pytest.fixture
def rooms(settings: LazySettings, tmp_path: Path) -> Path:
    """Return the folder of the rooms on disk."""
    settings.DISK_MEDIA_ROOT = str(tmp_path / "rooms")
    Path(settings.DISK_MEDIA_ROOT).mkdir(mode=0o700)
    return tmp_path / "rooms"


def keep(
    tenant: Tenant, place: str, body: bytes = b"to be moved", area: str = "private"
) -> StoredObject:
    """Return the row of an object that lies in this place."""
    content = Content("x.pdf", len(body), "application/pdf", digest(body))
    with bind_tenant(tenant, even_suspended=True):
        row: StoredObject = StoredObject.objects.create_pending(content, area=area)
        StoredObject.objects.filter(pk=row.pk).update(place=place)
        row.place = place
        row.mark_stored(find_storage(row).put(row, BytesIO(body), file_name="x.pdf"))
        return row


def lies_in(tenant: Tenant) -> dict[str, set[str]]:
    """Return the keys of a tenant's room in each place."""
    root = Path(django_settings.DISK_MEDIA_ROOT)
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    return {
        "bucket": keys(tenant),
        "disk": {key for key in files if key.startswith(str(tenant.prefix))},
    }


@pytest.fixture
def came(rooms: Path, acme: Tenant) -> Callable[[], dict[str, set[str]]]:
    """Return what came into acme's room since the test began: the bucket outlives a test's rows."""
    before = lies_in(acme)
    return lambda: {place: found - before[place] for place, found in lies_in(acme).items()}
