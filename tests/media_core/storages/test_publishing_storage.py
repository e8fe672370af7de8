"""What an object is served with, where strangers reach it, and that no option of anybody's changes either."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from storages.backends.s3 import S3Storage

from gateway.demo.bucket.embedded_bucket import EmbeddedBucket
from media_core.bucket import client
from media_core.bucket.client import get_anonymous_client, get_bucket_client
from media_core.bucket.public_access import prove_public
from media_core.errors import BucketRefused, BucketUnavailable, ObjectDiffers, ObjectMissing
from media_core.ledger.models import StoredObject
from media_core.storages.object_copies import copy_object
from media_core.storages.shared_bucket import SharedBucketStorage, get_bucket_storage
from media_core.storages.tenant_storage import get_tenant_storage, verify_bytes
from tenants.binding import bind_tenant
from tenants.errors import RowOfAnotherTenant
from tenants.prefixes import Prefix
from tests.media_core.conftest import stored_row
from tests.proof import reported
from tests.wire import bucket_requests

pytestmark = pytest.mark.django_db
PUBLIC, PRIVATE = StoredObject.Area.PUBLIC, StoredObject.Area.PRIVATE
CONTENT = b"a brochure"


@pytest.fixture
def _in_acme(acme, globex) -> Iterator[None]:
    with bind_tenant(acme):
        yield


in_acme = pytest.mark.usefixtures("_in_acme")


def object_in(area: str, content: bytes = CONTENT, **given: Any) -> StoredObject:
    """Return a stored object that really is there."""
    import_name = f"{area}/{threading.get_ident()}/x.pdf"
    facts = {"name": import_name, "area": area, "size_bytes": len(content), **given}
    stored = stored_row(**facts)
    get_tenant_storage(area).put(stored, ContentFile(content), file_name="x.pdf")
    return stored


def head_of(stored: StoredObject) -> Any:
    return get_bucket_client().head_object(Bucket=django_settings.BUCKET_NAME, Key=stored.key)


# --- addresses


@pytest.mark.parametrize(
    ("style", "endpoint", "bucket", "cdn", "base"),
    [
        ("virtual", "https://s3.example", "b-1", "", "https://b-1.s3.example"),
        ("path", "https://s3.example", "b-1", "", "https://s3.example/b-1"),
        ("path", "http://localhost:9", "b-1", "", "http://localhost:9/b-1"),
        # A wildcard certificate covers no second dot, and boto addresses it by path too.
        ("virtual", "https://s3.example", "b.1", "", "https://s3.example/b.1"),
        ("virtual", "https://s3.example", "b-1", "https://cdn.example", "https://cdn.example"),
        ("path", "https://s3.example", "b-1", "https://cdn.example/x", "https://cdn.example/x"),
    ],
)
@in_acme
def test_a_public_address_is_where_the_bucket_or_the_cdn_is(  # noqa: PLR0917 - the columns of a table
    style, endpoint, bucket, cdn, base, settings
):
    settings.BUCKET_ADDRESSING_STYLE, settings.BUCKET_ENDPOINT_URL = style, endpoint
    settings.BUCKET_NAME, settings.PUBLIC_MEDIA_BASE_URL = bucket, cdn
    stored = stored_row(area="media", name="media/1/a.pdf")
    assert get_tenant_storage(PUBLIC).build_public_url(stored) == f"{base}/acme/media/1/a.pdf"


@in_acme
def test_boto_addresses_the_bucket_as_the_public_address_does(settings):
    for style, name in (("virtual", "b-1"), ("path", "b-1"), ("virtual", "b.1")):
        settings.BUCKET_ENDPOINT_URL, settings.BUCKET_NAME = "https://s3.example", name
        settings.BUCKET_ADDRESSING_STYLE = style
        stored = StoredObject(area="media", name="media/1/a.pdf", state="stored")
        params = {"Bucket": name, "Key": stored.key}
        signed = get_bucket_client().generate_presigned_url("get_object", Params=params)
        assert signed.partition("?")[0] == get_tenant_storage(PUBLIC).build_public_url(stored)


@in_acme
def test_a_public_address_is_unsigned_encoded_and_makes_no_client(settings):
    settings.BUCKET_ENDPOINT_URL = "https://never-asked.example"
    before = len(client._clients)
    for name in ("ä b+c%.pdf", "100%25.pdf", "a#b?c.pdf"):
        address = get_bucket_storage(PUBLIC).url(name)
        assert not set("?#+ä ") & set(address.removeprefix("https://"))
        assert "Signature" not in address
    assert (
        get_bucket_storage(PUBLIC).url("ä b+c%.pdf").endswith("/acme/media/%C3%A4%20b%2Bc%25.pdf")
    )
    assert len(client._clients) == before


@in_acme
def test_a_private_object_has_no_public_address():
    with pytest.raises(TypeError, match="presigned"):
        get_tenant_storage(PRIVATE).build_public_url(stored_row())
    with pytest.raises(ValueError, match="not in the"):
        get_tenant_storage(PUBLIC).build_public_url(stored_row())


def test_an_object_of_another_room_has_none_here(acme, globex):
    with bind_tenant(globex):
        foreign = stored_row(area="media", name="media/1/a.pdf")
    with bind_tenant(acme), pytest.raises(RowOfAnotherTenant):
        get_tenant_storage(PUBLIC).build_public_url(foreign)


# --- reading and copying


@pytest.mark.bucket
@in_acme
def test_the_headers_of_the_new_place_are_on_a_copy_and_those_of_the_old_are_not():
    source = object_in(PRIVATE)
    target = stored_row(area="media", name="media/copy/x.pdf", content_type="image/png")
    with bucket_requests() as sent:
        etag = get_tenant_storage(PUBLIC).copy(source, target, file_name="y.png")
    assert [request.method for request in sent] == ["PUT"]
    head = head_of(target)
    assert (head["ETag"], head["ContentType"]) == (f'"{etag}"', "image/png")
    assert (head["CacheControl"], head["ContentDisposition"]) == (
        "public, max-age=300",
        'inline; filename="y.png"',
    )


@in_acme
@pytest.mark.parametrize("large", [False, True])
def test_where_the_bucket_refuses_to_copy_the_bytes_come_and_go(large, bucket_that_never_copies):
    content = b"0123456789" * 500_000 if large else CONTENT
    source = object_in(PRIVATE, content)
    target = stored_row(area="media", name="media/copy/x.pdf", size_bytes=len(content))
    with bucket_requests() as sent:
        get_tenant_storage(PUBLIC).copy(source, target, file_name="x.pdf")
    assert [request.method for request in sent][-2:] == ["GET", "PUT"]
    with get_tenant_storage(PUBLIC).read(target) as body:
        assert body.read() == content
    assert head_of(target)["CacheControl"] == "public, max-age=300"
    prove_public(target)


@pytest.mark.bucket
@in_acme
def test_what_is_missing_is_said_to_be_missing():
    gone, target = stored_row(), stored_row(area="media", name="media/copy/x.pdf")
    with pytest.raises(ObjectMissing), get_tenant_storage(PRIVATE).read(gone):
        pass
    with pytest.raises(ObjectMissing):
        get_tenant_storage(PUBLIC).copy(gone, target, file_name="x.pdf")


@pytest.mark.bucket
@in_acme
def test_a_copy_of_other_bytes_than_the_ledger_says_is_given_up():
    # The ETag says nothing of it, so the copy is read back.
    source = object_in(PRIVATE, sha256="1" * 64, etag="of something else")
    with (
        pytest.raises(ObjectDiffers),
        copy_object(source, area=PUBLIC, file_name="x.pdf", kind="public_copy"),
    ):
        pass
    target = StoredObject.objects.get(area="media")
    assert target.state == "abandoned"
    with pytest.raises(ObjectMissing):
        verify_bytes(target)


@in_acme
def test_a_copy_with_the_etag_of_its_source_is_not_read_back():
    source = object_in(PRIVATE)
    source.etag = head_of(source)["ETag"].strip('"')
    with (
        bucket_requests() as sent,
        copy_object(source, area=PUBLIC, file_name="x.pdf", kind="public_copy"),
    ):
        assert [request.method for request in sent] == ["PUT"]


@in_acme
def test_a_bucket_that_does_not_answer_is_unavailable(settings):
    source, target = stored_row(), stored_row(area="media", name="media/copy/x.pdf")
    settings.BUCKET_ENDPOINT_URL = "http://127.0.0.1:9"
    reported()
    with pytest.raises(BucketUnavailable):
        get_tenant_storage(PUBLIC).copy(source, target, file_name="x.pdf")
    with pytest.raises(BucketUnavailable):
        prove_public(target)


# --- the proof


@pytest.mark.bucket
@in_acme
def test_the_proof_asks_as_a_stranger_once_in_a_process(settings):
    public = object_in(PUBLIC)
    assert get_anonymous_client() is get_anonymous_client() is not get_bucket_client()
    prove_public(public)
    with pytest.raises(BucketRefused, match=r"403 with PUBLIC_MEDIA_MODE=acl.*policy or gateway"):
        prove_public(object_in(PRIVATE))
    settings.PUBLIC_MEDIA_MODE = "gateway"
    prove_public(stored_row())


# --- Django's own words


@pytest.mark.bucket
@pytest.mark.parametrize("mode", ["acl", "gateway"])
def test_the_public_storage_of_a_room_is_a_storage_of_djangos(mode, settings):
    settings.PUBLIC_MEDIA_MODE = mode
    storage = SharedBucketStorage(Prefix("djangos/"), PUBLIC)
    with bucket_requests() as sent:
        name = storage.save(f"{mode}/logo.png", ContentFile(b"png"))
    assert ("x-amz-acl" in sent[0].headers) == (mode == "acl")
    assert storage.exists(name)
    assert storage.size(name) == 3
    with storage.open(name) as file:
        assert file.read() == b"png"
    assert storage.url(name).endswith(f"/djangos/media/{mode}/logo.png")
    storage.delete(name)
    assert not storage.exists(name)


# --- options


OPTIONS = {
    "custom_domain": "cdn.example",
    "querystring_auth": False,
    "default_acl": "public-read",
    "cloudfront_key_id": "K",
    "cloudfront_key": b"key",
    "object_parameters": {"ACL": "public-read"},
    "location": "globex/private",
    "bucket_name": "another",
    "file_overwrite": True,
    "signature_version": "s3",
    "gzip": True,
    "no_such_option": 1,
}


@pytest.mark.parametrize("area", StoredObject.Area)
@pytest.mark.parametrize("option", OPTIONS)
def test_no_option_is_taken_that_could_unsign_or_publish(option, area):
    with pytest.raises(ImproperlyConfigured, match=rf"takes no option {option}\. \w"):
        SharedBucketStorage(Prefix("acme/"), area, **{option: OPTIONS[option]})


@pytest.mark.parametrize("option", [name for name in OPTIONS if name != "no_such_option"])
def test_no_subclass_sets_one_as_the_tutorial_does(option):
    kind = type("PrivateMediaStorage", (SharedBucketStorage,), {option: OPTIONS[option]})
    # Half a pair of CloudFront keys django-storages refuses itself.
    with pytest.raises(
        ImproperlyConfigured, match=rf"takes no option {option}|{option} and|/{option}"
    ):
        kind(Prefix("acme/"), PRIVATE)


def test_no_subclass_brings_settings_of_its_own():
    class Signless(SharedBucketStorage):
        def get_default_settings(self) -> dict[str, Any]:
            return {**super().get_default_settings(), "custom_domain": "cdn.example"}

    with pytest.raises(ImproperlyConfigured, match=r"custom_domain.*PUBLIC_MEDIA_BASE_URL"):
        Signless(Prefix("acme/"), PRIVATE)


STRAY = {
    "AWS_S3_CUSTOM_DOMAIN": "cdn.example",
    "AWS_DEFAULT_ACL": "public-read",
    "AWS_QUERYSTRING_AUTH": False,
}


@pytest.mark.parametrize("name", STRAY)
def test_a_setting_or_a_variable_that_could_unsign_changes_nothing(name, settings, monkeypatch):
    setattr(settings, name, STRAY[name])
    monkeypatch.setenv(name, str(STRAY[name]))
    storage = SharedBucketStorage(Prefix("acme/"), PRIVATE)
    assert (storage.custom_domain, storage.default_acl, storage.querystring_auth) == (
        None,
        None,
        True,
    )
    with pytest.raises(TypeError, match="presigned"):
        storage.url("x.pdf")


@pytest.mark.parametrize("name", STRAY)
def test_the_checks_name_such_a_setting_and_such_a_variable(name, settings):
    settings.UNREAD_VARIABLES = [name]
    setattr(settings, name, STRAY[name])
    found = {message.id: message for message in run_checks() if name in message.msg}
    assert set(found) == {"media_core.E001", "media_core.W010"}
    assert "PUBLIC_MEDIA_BASE_URL" in (found["media_core.W010"].hint or "")


# --- defects of the tutorial that this project grew from


def test_defect_3_a_private_address_was_unsigned_with_a_custom_domain(settings):
    """There the private class took `custom_domain` from the settings and dropped the signature."""
    settings.AWS_S3_CUSTOM_DOMAIN = "cdn.example"
    theirs = S3Storage(access_key="a", secret_key="b", bucket_name="c")
    assert theirs.url("private/x.pdf") == "https://cdn.example/private/x.pdf"
    with pytest.raises(TypeError):
        SharedBucketStorage(Prefix("acme/"), PRIVATE).url("x.pdf")


def test_defect_5_public_addresses_were_signed_and_expired():
    """There a public link carried the access key and died after an hour."""
    theirs = S3Storage(access_key="a", secret_key="b", bucket_name="c", region_name="fsn1")
    assert "AccessKeyId" in theirs.url("media/x.pdf") or "Signature" in theirs.url("media/x.pdf")
    assert "?" not in SharedBucketStorage(Prefix("acme/"), PUBLIC).url("x.pdf")


@pytest.fixture
def bucket_that_never_copies(db: None, moody_bucket: EmbeddedBucket) -> Iterator[None]:
    """Refuse CopyObject, as Hetzner says that it may, after it copied when it was examined."""
    reported()
    with moody_bucket.inject_faults("copy-refused"):
        yield
