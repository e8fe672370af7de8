"""What an upload is stored as is decided from its bytes; what the client says of it is nothing but a claim."""

import gzip
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from media_core.bucket.client import get_bucket_client
from media_core.documents.models import Document
from media_core.ledger.models import StoredObject
from tenants.binding import bind_tenant
from tenants.domains import host_cache
from tenants.models import Tenant, list_proved_groups
from tests.conftest import Browse
from tests.samples import image, pdf, picture
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db


@pytest.fixture
def strict(acme: Tenant) -> Tenant:
    """Let acme take proved files only."""
    Tenant.objects.filter(pk=acme.pk).update(file_groups=list_proved_groups())
    host_cache.forget()
    return acme


def send(browser: Client, name: str, content: bytes, claimed: str, /, **fields: str) -> str:
    """Upload a file as a browser does; return the page that comes then."""
    file = SimpleUploadedFile(name, content, content_type=claimed)
    form = {"file": file, "visibility": "private", **fields}
    return browser.post("/upload", form, follow=True).content.decode()


def head_of(new_keys: Callable[[], set[str]]) -> dict[str, object]:
    """Return what the bucket says of the one object that came."""
    (key,) = new_keys()
    return dict(get_bucket_client().head_object(Bucket=settings.BUCKET_NAME, Key=key))


def test_a_page_that_is_named_and_sent_as_a_photo_is_a_plain_download(acme, browse, new_keys):
    page = send(browse(acme, "ed"), "photo.jpg", b"<script>alert(1)</script>", "image/jpeg")
    assert "It is named like JPEG and could not be proved to be one" in page
    assert head_of(new_keys)["ContentType"] == "application/octet-stream"


def test_a_photo_that_is_sent_as_a_page_is_no_page(acme, browse, new_keys):
    send(browse(acme, "ed"), "photo.jpg", picture("JPEG"), "text/html")
    assert head_of(new_keys)["ContentType"] == "application/octet-stream"


def test_a_photo_is_a_photo_whatever_stands_before_its_extension(acme, browse, new_keys):
    page = send(browse(acme, "ed"), "x.php.jpg", picture("JPEG"), "image/jpeg")
    assert "“x.php.jpg” is stored.</p>" in page
    assert head_of(new_keys)["ContentType"] == "image/jpeg"


@pytest.mark.parametrize("name", ["page.html.gz", "drawing.svgz", "archive.tar.gz"])
def test_what_is_packed_comes_back_packed(name, acme, browse, new_keys):
    content = gzip.compress(b"<svg onload=alert(1)>")
    send(browse(acme, "ed"), name, content, "text/html")
    head = head_of(new_keys)
    assert (head["ContentType"], head.get("ContentEncoding")) == ("application/octet-stream", None)
    (key,) = new_keys()
    body = get_bucket_client().get_object(Bucket=settings.BUCKET_NAME, Key=key)["Body"]
    assert body.read() == content


@pytest.mark.parametrize(
    ("name", "content"),
    [("page.html", b"<html>"), ("x.exe", b"MZ"), ("logo.svg", b"<svg/>"), ("a.png", b"<svg/>")],
)
def test_what_is_not_proved_is_refused_before_anything_is_written(
    name, content, strict, browse: Browse, new_keys
):
    with bucket_requests() as sent:
        page = send(browse(strict, "ed"), name, content, "")
    assert "Files of this type are not taken here" in page
    assert (
        "Taken here are: PDF, office documents, plain text, pictures, sound, video and archives."
        in page
    )
    assert (sent, new_keys()) == ([], set())
    with bind_tenant(strict):
        assert not StoredObject.objects.exists()


def test_a_picture_that_is_a_bomb_is_refused_by_a_sentence(strict, browse):
    page = send(browse(strict, "ed"), "a.png", picture("PNG", image((9000, 5000))), "image/png")
    assert "It has more than 40000000 pixels." in page


def test_what_else_a_client_sends_is_not_believed(acme, globex, browse, people):
    others = {
        "content_type": "text/html", "type": "text/html", "state": "gone", "area": "media", "kind": "app",
        "size_bytes": "1", "sha256": "0" * 64, "name": "private/x/other.html", "key": "globex/private/x",
        "tenant": str(globex.pk), "tenant_id": str(globex.pk), "created_by_id": str(people["ada"].id),
        "identified": "true", "verified": "true", "charged_bytes": "0", "id": "00000000-0000-0000-0000-000000000001",
    }  # fmt: skip
    send(browse(acme, "ed"), "offer.pdf", pdf(), "application/pdf", **others)
    with bind_tenant(acme):
        document = Document.objects.get()
        row = document.original
    assert (row.content_type, row.state, row.area, row.kind) == (
        "application/pdf",
        "stored",
        "private",
        "original",
    )
    assert (row.size_bytes, row.charged_bytes) == (len(pdf()), len(pdf()))
    assert row.sha256 != "0" * 64
    assert (document.name, document.created_by_id) == ("offer.pdf", people["ed"].id)
    assert row.name == f"private/{row.pk}/offer.pdf"
    with bind_tenant(globex):
        assert not Document.objects.exists()
