"""The storage of the bound tenant's room: it is found by the binding, and then stays what it is."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.base import ContentFile

from media_core.bucket.client import get_bucket_client
from media_core.ledger.models import StoredObject
from media_core.storages.presigned import presign_get
from media_core.storages.shared_bucket import get_bucket_storage
from tenants.binding import bind_agency, bind_tenant
from tenants.errors import NoTenantBound, RowOfAnotherTenant
from tests.media_core.conftest import stored_row
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db
AREAS = list(StoredObject.Area)


def test_the_bound_tenants_storage_is_its_own(acme, globex):
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            assert get_bucket_storage(AREAS[0]).location == f"{tenant.location_prefix}media"


def test_a_storage_stays_its_tenants_when_another_is_bound(acme, globex):
    with bind_tenant(acme):
        storage = get_bucket_storage(AREAS[1])
    with bind_tenant(globex):
        assert storage._normalize_name("x.txt") == "acme/private/x.txt"


def test_there_is_no_storage_without_a_tenant(acme):
    with pytest.raises(NoTenantBound):
        get_bucket_storage(AREAS[0])
    with bind_agency(), pytest.raises(NoTenantBound):
        get_bucket_storage(AREAS[0])


@pytest.mark.parametrize("operation", ["put", "remove"])
def test_the_row_of_another_room_or_area_is_refused(operation, acme, globex):
    given = {"put": {"body": ContentFile(b"hello"), "file_name": "x"}}.get(operation, {})
    with bind_tenant(globex):
        foreign = stored_row()
        globexs = get_bucket_storage(AREAS[1])
    with bind_tenant(acme), bucket_requests() as sent:
        ours, other_area = stored_row(), get_bucket_storage(AREAS[0])
        with pytest.raises(RowOfAnotherTenant):
            getattr(get_bucket_storage(AREAS[1]), operation)(foreign, **given)
        for storage in (globexs, other_area):
            with pytest.raises(ValueError, match="not in the"):
                getattr(storage, operation)(ours, **given)
    assert sent == []


def test_the_deployments_prefix_is_asked_for_each_key(acme, settings):
    with bind_tenant(acme):
        row = stored_row()
        for prefix in ("", "agency/", "another/agency/"):
            settings.LOCATION_PREFIX = prefix
            assert row.key.startswith(f"{prefix}acme/private/")
            assert get_bucket_storage(AREAS[1]).location == f"{prefix}acme/private"
            assert f"/{prefix}acme/private/" in presign_get(row, file_name="x.pdf")


def test_a_thread_has_its_own_resource_over_the_one_client(acme):
    with bind_tenant(acme):
        storage = get_bucket_storage(AREAS[0])
    with ThreadPoolExecutor(1) as another:
        theirs, their_client = another.submit(
            lambda: (storage.connection, storage.bucket.meta.client)
        ).result()
    assert theirs is not storage.connection
    assert their_client is storage.bucket.meta.client is get_bucket_client()
