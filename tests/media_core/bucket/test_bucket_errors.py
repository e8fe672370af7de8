"""What the bucket's errors become: each is an error of ours, that says what to look at."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from media_core.documents.models import Document
from media_core.errors import BucketRefused, BucketUnavailable, UnknownBucketAnswer
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import get_tenant_storage
from tenants.binding import bind_tenant
from tests.media_core.conftest import content

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(acme, globex):
    with bind_tenant(acme):
        yield StoredObject.objects.reserve(content("a.pdf", 1))


def remove(row):
    get_tenant_storage(StoredObject.Area.PRIVATE).remove(row)


@override_settings(BUCKET_ENDPOINT_URL="http://127.0.0.1:9")
def test_nobody_listening_is_unavailable(row):
    with pytest.raises(BucketUnavailable, match="EndpointConnectionError"):
        remove(row)


@override_settings(BUCKET_SECRET_KEY="another")
def test_a_wrong_key_is_refused_and_says_what_to_check(row):
    with pytest.raises(BucketRefused, match="403 SignatureDoesNotMatch: check its keys"):
        remove(row)


@override_settings(BUCKET_NAME="no-such-bucket")
def test_a_bucket_that_is_not_there_says_what_to_look_at(row):
    with pytest.raises(UnknownBucketAnswer, match=r"404 NoSuchBucket.*AWS_STORAGE_BUCKET_NAME"):
        remove(row)


@override_settings(BUCKET_SECRET_KEY="another")
def test_a_member_reads_that_it_failed_and_not_why(acme, globex, browse):
    client = browse(acme, "ada")
    form = {"file": SimpleUploadedFile("a.pdf", b"x"), "visibility": "private"}
    page = client.post("/upload", form).content.decode()
    assert "The storage refuses the gateway." in page
    assert "keys" not in page
    with bind_tenant(acme):
        assert not Document.objects.exists()
