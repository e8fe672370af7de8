"""What is no word that an object is stored is one clear refusal: for the storage, and for the person who uploads."""

import hashlib
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from media_core.documents.models import Document
from media_core.errors import BucketUnavailable, UnknownBucketAnswer
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import get_tenant_storage
from tenants.binding import bind_tenant
from tests.media_core.bucket.test_sender import Busy, _busy_server, lasting_bucket
from tests.media_core.conftest import Attempts, content
from tests.proof import reported

__all__ = ["_busy_server", "lasting_bucket"]
pytestmark = pytest.mark.django_db

BODY = b"bytes"
ELSEWHERE = {"Location": "http://127.0.0.1:9/"}
ODD = {
    "200 without an ETag": (200, b"", {}),
    "200 with an empty ETag": (200, b"", {"ETag": '""'}),
    "201 and nothing": (201, b"", {}),
    "204": (204, b"", {}),
    "301": (301, b"", ELSEWHERE),
    "302": (302, b"", ELSEWHERE),
    "307": (307, b"<Error><Code>TemporaryRedirect</Code></Error>", ELSEWHERE),
    "400": (400, b"<Error><Code>InvalidRequest</Code></Error>", {}),
    "404 without a word": (404, b"", {}),
    "418": (418, b"I'm a teapot", {}),
    "451 with a page": (451, b"<html><p>no</html>", {}),
}

OTHER = {"ETag": f'"{"0" * 32}"'}
# What the PUT is answered, and what the bucket says when it is asked for the bytes.
ODD_PUTS = {name: [answer] for name, answer in ODD.items()} | {
    "200 with the ETag of other bytes": [(200, b"", OTHER), (200, b"others", {})],
    "200 with an ETag and no object": [
        (200, b"", OTHER),
        (404, b"<Error><Code>NoSuchKey</Code></Error>", {}),
    ],
}


@pytest.fixture
def odd_bucket(lasting_bucket: Busy, attempts: Attempts, settings) -> Busy:
    settings.BUCKET_ADDRESSING_STYLE = "path"
    attempts(1)
    reported()
    return lasting_bucket


@pytest.mark.parametrize("odd", ODD_PUTS)
def test_an_upload_is_refused_in_a_sentence_and_nothing_counts_as_stored(
    odd, odd_bucket, acme, globex, browse
):
    odd_bucket.answers = [*ODD_PUTS[odd]]
    file = SimpleUploadedFile("a.pdf", BODY)
    page = browse(acme, "ada").post("/upload", {"file": file, "visibility": "private"}, follow=True)
    assert page.status_code == 503
    assert UnknownBucketAnswer().message in page.content.decode()
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            assert not Document.objects.exists()
            assert not StoredObject.objects.stored().exists()


@pytest.mark.parametrize("odd", ODD)
def test_a_copy_is_refused(odd, odd_bucket, acme, globex):
    odd_bucket.answers = [ODD[odd]]
    with bind_tenant(acme):
        source, target = (
            StoredObject.objects.reserve(content("a.pdf", len(BODY))) for _ in range(2)
        )
        with pytest.raises(BucketUnavailable):
            get_tenant_storage(StoredObject.Area.PRIVATE).copy(source, target, file_name="a.pdf")


def test_a_bucket_whose_etag_is_no_md5_is_believed_when_it_has_the_bytes(odd_bucket, acme, globex):
    odd_bucket.answers = [(200, b"", {"ETag": '"encrypted-1"'}), (200, BODY, {})]
    given = content("a.pdf", len(BODY))
    with bind_tenant(acme):
        row = StoredObject.objects.reserve(given)
        row.sha256 = hashlib.sha256(BODY).hexdigest()
        etag = get_tenant_storage(row.area).put(row, BytesIO(BODY), file_name="a.pdf")
    assert (etag, len(odd_bucket.asked)) == ("encrypted-1", 2)
