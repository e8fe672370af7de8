"""The storages of a room: two areas of two tenants in one bucket, and no way from one into another."""

import json
import pickle
import threading
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.migrations.writer import MigrationWriter
from storages.backends.s3 import S3Storage

from media_core.bucket.client import get_bucket_client
from media_core.ledger.models import StoredObject
from media_core.storages.shared_bucket import SharedBucketStorage
from tenants.errors import KeyOutsidePrefix, NameRefused
from tenants.prefixes import Prefix
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db
AREAS = list(StoredObject.Area)


def keys(prefix: str) -> list[str]:
    """Return the keys that really lie below a prefix."""
    found = get_bucket_client().list_objects_v2(Bucket=settings.BUCKET_NAME, Prefix=prefix)
    return [entry["Key"] for entry in found.get("Contents", [])]


@pytest.fixture
def room(request) -> Callable[..., SharedBucketStorage]:
    """Return a storage of a room that only this test has."""
    test = abs(hash(request.node.nodeid))

    def storage(tenant: str = "acme", area: StoredObject.Area = AREAS[1]) -> SharedBucketStorage:
        return SharedBucketStorage(Prefix(f"{tenant}-{test}/"), area)

    return storage


@pytest.mark.bucket
@pytest.mark.parametrize("area", AREAS)
def test_what_is_saved_lies_in_its_area_of_its_room(area, room):
    storage = room(area=area)
    storage.save("2026/offer.pdf", ContentFile(b"acme's"))
    assert keys(str(storage.prefix)) == [f"{storage.prefix}{area}/2026/offer.pdf"]


@pytest.mark.bucket
def test_every_operation_stays_in_its_room_and_area(room):
    stores = [room(tenant, area) for tenant in ("acme", "globex") for area in AREAS]
    for storage in stores:
        storage.save("x.txt", ContentFile(f"{storage.prefix}{storage.area}".encode()))
    first, *others = stores
    first.delete("x.txt")
    assert not first.exists("x.txt")
    for storage in others:
        with storage.open("x.txt") as file:
            assert file.read().decode() == f"{storage.prefix}{storage.area}"
        assert storage.size("x.txt") == len(f"{storage.prefix}{storage.area}")


@pytest.mark.bucket
def test_a_room_whose_name_begins_like_another_does_not_see_it():
    longer = SharedBucketStorage(Prefix("acme2/"), AREAS[1])
    longer.save("listing/x.txt", ContentFile(b"x"))
    assert SharedBucketStorage(Prefix("acme/"), AREAS[1]).listdir("listing") == ([], [])
    assert longer.listdir("listing") == ([], ["x.txt"])


HOSTILE = [
    "../globex/private/x",
    "../../globex/private/x",
    "..\\..\\globex\\private\\x",
    "a/../../../globex/private/x",
    "..",
    ".",
    "",
    "/",
    "/globex/private/x",
    "a//b",
    "a/",
    "a/./b",
    "a\\b",
    "a\x00b",
    "a\nb",
    "a\x7fb",
    "\ud800",
    "x" * 1000,
    "é" * 500,
]
OPERATIONS = {
    "save": lambda storage, name: storage.save(name, ContentFile(b"x")),
    "open": lambda storage, name: storage.open(name),
    "exists": lambda storage, name: storage.exists(name),
    "size": lambda storage, name: storage.size(name),
    "delete": lambda storage, name: storage.delete(name),
    "modified": lambda storage, name: storage.get_modified_time(name),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_hostile_name_is_refused_before_anything_is_sent(operation, room):
    storage, refused = room(), (KeyOutsidePrefix, NameRefused, ValueError)
    with bucket_requests() as sent:
        for name in HOSTILE:
            with pytest.raises(Exception, match=r".") as caught:
                OPERATIONS[operation](storage, name)
            assert isinstance(caught.value, refused) or "Suspicious" in caught.typename, name
    assert sent == []


@pytest.mark.bucket
@pytest.mark.parametrize(
    "name", ["%2e%2e/x", "..x", "x..", "...", "a b", "Übersicht.pdf", "~", "+"]
)
def test_an_odd_name_stays_inside(name, room):
    storage = room()
    storage.save(name, ContentFile(b"x"))
    assert keys(str(storage.prefix)) == [f"{storage.prefix}private/{name}"]


# --- options


def test_every_option_that_django_storages_knows_is_given(room):
    assert set(room().get_default_settings()) == set(S3Storage().get_default_settings())


STRAY_SETTINGS = {
    "AWS_DEFAULT_ACL": "public-read",
    "AWS_S3_CUSTOM_DOMAIN": "cdn.example",
    "AWS_QUERYSTRING_AUTH": False,
    "AWS_QUERYSTRING_EXPIRE": 604_800,
    "AWS_LOCATION": "globex/private",
    "AWS_STORAGE_BUCKET_NAME": "another-bucket",
    "AWS_S3_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_S3_ACCESS_KEY_ID": "another",
    "AWS_S3_SECRET_ACCESS_KEY": "another",
    "AWS_SESSION_TOKEN": "another",
    "AWS_S3_OBJECT_PARAMETERS": {"ACL": "public-read", "CacheControl": "public"},
    "AWS_S3_FILE_OVERWRITE": True,
    "AWS_IS_GZIPPED": True,
    "GZIP_CONTENT_TYPES": ("application/octet-stream", "application/pdf"),
    "AWS_S3_SIGNATURE_VERSION": "s3",
    "AWS_S3_ADDRESSING_STYLE": "virtual",
    "AWS_S3_PROXIES": {"http": "http://127.0.0.1:9"},
    "AWS_S3_VERIFY": False,
    "AWS_S3_MAX_MEMORY_SIZE": 0,
}


def options_of(storage: SharedBucketStorage) -> dict[str, str]:
    names = storage.get_default_settings()
    own_text = ("client_config", "transfer_config")
    return {
        name: str(vars(getattr(storage, name))) if name in own_text else str(getattr(storage, name))
        for name in names
    }


def test_stray_settings_change_no_option(room, settings):
    before = options_of(room())
    for name, value in STRAY_SETTINGS.items():
        setattr(settings, name, value)
    assert {**options_of(room()), "client_config": ""} == {**before, "client_config": ""}


def test_stray_settings_change_nothing_that_is_sent(room, settings):
    for name, value in STRAY_SETTINGS.items():
        setattr(settings, name, value)
    storage = room()
    with bucket_requests() as sent:
        storage.save("x.pdf", ContentFile(b"bytes"))
    (request,) = sent
    assert f"/{storage.prefix}private/x.pdf" in request.url
    assert request.url.startswith(storage.endpoint_url)
    headers = {name.lower() for name in request.headers}
    assert not headers & {"x-amz-acl", "content-encoding", "x-amz-security-token"}
    assert request.headers["Cache-Control"] in {"private, no-store", b"private, no-store"}


def test_no_credential_of_a_storage_gets_into_a_pickle_or_a_migration(room):
    for freeze in (pickle.dumps, MigrationWriter.serialize, json.dumps):
        with pytest.raises((TypeError, ValueError)):
            freeze(room())


# --- reading and writing


@pytest.mark.parametrize("mode", ["w", "wb", "ab", "r+b", "r", "rw"])
def test_only_opens_for_reading_bytes(mode, room):
    with bucket_requests() as sent, pytest.raises(ValueError, match="rb"):
        room().open("x.txt", mode)
    assert sent == []


def test_gives_no_link_to_what_is_private(room):
    with pytest.raises(TypeError, match="presigned"):
        room().url("x.txt")


def test_a_missing_object_cannot_be_opened(room):
    with pytest.raises(FileNotFoundError):
        room().open("missing.txt")


@pytest.mark.bucket
def test_a_large_object_is_read_by_way_of_the_disk(room):
    storage, content = room(), b"0123456789" * 3_000_000
    storage.save("large.bin", ContentFile(content))
    with storage.open("large.bin") as file:
        assert file.read() == content
        assert file.file._rolled


@pytest.mark.bucket
def test_a_transfer_takes_no_threads_of_its_own(room):
    storage, seen = room(), set()

    def note(**_):
        seen.add(threading.get_ident())

    events = get_bucket_client().meta.events
    events.register("before-send.s3", note)
    try:
        storage.save("parts.bin", ContentFile(b"x" * 20_000_000))
        with storage.open("parts.bin") as file:
            file.read()
    finally:
        events.unregister("before-send.s3", note)
    assert seen == {threading.get_ident()}


def test_a_failing_source_leaves_no_object(room):
    class Torn(ContentFile):  # type: ignore[type-arg]  # Django's is not generic when it runs
        def read(self, *_: int) -> bytes:
            raise OSError("The disk is gone.")

    storage = room()
    with pytest.raises(OSError, match="gone"):
        storage.save("torn.bin", Torn(b"x" * 100))
    assert keys(str(storage.prefix)) == []
    uploads = get_bucket_client().list_multipart_uploads(
        Bucket=settings.BUCKET_NAME, Prefix=str(storage.prefix)
    )
    assert uploads.get("Uploads", []) == []


@pytest.mark.parametrize(
    ("name", "claimed", "stored_as"),
    [
        ("photo.jpg", "text/html", "application/octet-stream"),
        ("logo.png", "image/png", "application/octet-stream"),
        ("page.html", "text/html", "application/octet-stream"),
        ("page.html", "image/png", "application/octet-stream"),
        ("drawing.svg", "image/svg+xml", "application/octet-stream"),
        ("script.js", "text/javascript", "application/octet-stream"),
        ("x.html.gz", "text/html", "application/octet-stream"),
        ("drawing.svgz", "image/svg+xml", "application/octet-stream"),
        ("archive.tar.gz", "application/gzip", "application/octet-stream"),
        ("README", "text/html", "application/octet-stream"),
        ("x.pdf.exe", "application/pdf", "application/octet-stream"),
    ],
)
def test_what_is_saved_by_name_has_no_type_whatever_the_uploader_says(
    name, claimed, stored_as, room
):
    storage = room()
    storage.save(name, SimpleUploadedFile(name, b"<script>", content_type=claimed))
    head = get_bucket_client().head_object(
        Bucket=settings.BUCKET_NAME, Key=f"{storage.prefix}private/{name}"
    )
    assert head["ContentType"] == stored_as
    assert not head.get("ContentEncoding")
