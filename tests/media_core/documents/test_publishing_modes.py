"""What a published object is served with, in which mode; and photos, which lose their location on the way out."""

from typing import Any

import pytest

from media_core.documents import copies, publishing
from media_core.errors import BucketRefused, PublishingRefused
from media_core.ledger.models import StoredObject
from tenants import quotas
from tests.media_core.documents.conftest import (
    LOCATED,
    again,
    bytes_of,
    has_location,
    head_of,
    seen_by_a_stranger,
)
from tests.wire import acl_words, bucket_requests

pytestmark = [pytest.mark.django_db, pytest.mark.bucket, pytest.mark.usefixtures("in_acme")]
# Their documents have a public object where the tests ask for one; mypy cannot know.
publish: Any = publishing.publish
unpublish: Any = publishing.unpublish


# --- what it is served with


def test_headers_are_stored_on_the_object_and_change_with_the_place(private, ed):
    before = head_of(private.original)
    after = head_of(publish(private.pk, editor=ed).public_copy)
    assert before["CacheControl"] == "private, no-store"
    assert after["CacheControl"] == "public, max-age=300"
    for head in (before, after):
        assert head["ContentType"] == "application/pdf"
        assert head["ContentDisposition"] == "inline; filename*=utf-8''%C3%9Cbersicht.pdf"
        assert "ContentEncoding" not in head


def test_immutable_objects_are_kept_for_a_year(private, ed, settings):
    settings.PUBLIC_MEDIA_IMMUTABLE = True
    head = head_of(publish(private.pk, editor=ed).public_copy)
    assert head["CacheControl"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "script.js", "x.html.gz"])
def test_what_could_run_is_only_downloaded_when_it_is_public(name, acme, store, ed):
    document = store(acme, b"<script>", name=name, visibility="public")
    head = head_of(document.public_copy)
    assert head["ContentType"] == "application/octet-stream"
    assert head["ContentDisposition"].startswith("attachment")
    assert "ContentEncoding" not in head


# --- modes


def test_in_mode_acl_only_the_public_object_is_written_with_an_acl(private, ed):
    with bucket_requests() as sent:
        publish(private.pk, editor=ed)
        unpublish(private.pk, editor=ed)
    assert acl_words(sent) == ["PUT x-amz-acl"]


def test_in_mode_policy_no_acl_is_ever_sent(private, ed, settings, open_media):
    settings.PUBLIC_MEDIA_MODE = "policy"
    with bucket_requests() as sent:
        publish(private.pk, editor=ed)
        unpublish(private.pk, editor=ed)
    assert [request.method for request in sent] == ["PUT", "DELETE"]
    assert acl_words(sent) == []


def test_in_mode_gateway_nothing_is_public_in_the_bucket(photo, ed, settings):
    settings.PUBLIC_MEDIA_MODE = "gateway"
    with bucket_requests() as sent:
        public = publish(photo.pk, editor=ed)
    assert acl_words(sent) == []
    assert seen_by_a_stranger(public.public_copy.key) is None
    assert seen_by_a_stranger(public.original.key) is None


def test_in_mode_policy_what_strangers_cannot_read_is_not_published(private, ed, settings):
    settings.PUBLIC_MEDIA_MODE = "policy"
    with pytest.raises(BucketRefused, match="public_policy"):
        publish(private.pk, editor=ed)
    assert again(private).visibility == "private"
    assert not StoredObject.objects.stored().filter(area="media").exists()
    left = StoredObject.objects.get(area="media")
    assert (left.state, bytes_of(left)) == ("abandoned", None)


# --- photos


def test_strangers_get_a_photo_without_its_location_and_members_the_original(photo, ed):
    public = publish(photo.pk, editor=ed)
    assert has_location(LOCATED)
    assert not has_location(seen_by_a_stranger(public.public_copy.key) or b"")
    assert public.public_copy.kind == "public_copy"
    assert seen_by_a_stranger(public.original.key) is None
    assert bytes_of(public.original) == LOCATED


def test_a_clean_copy_costs_no_quota_and_goes_when_it_is_unpublished(photo, ed):
    before = quotas.read_quota()
    public = publish(photo.pk, editor=ed)
    assert quotas.read_quota() == before
    unpublish(photo.pk, editor=ed)
    assert quotas.read_quota() == before
    assert seen_by_a_stranger(public.public_copy.key) is None


@pytest.mark.parametrize(
    ("content", "name"),
    [(LOCATED, "photo.heic"), (LOCATED, "photo.png"), (b"\0\0\0\x18ftypheic", "IMG_1.HEIC")],
)
def test_a_photo_that_is_not_known_as_one_is_not_published(content, name, keep, ed, settings):
    unknown = keep(content, name)
    with pytest.raises(PublishingRefused, match="looks like a photo"):
        publish(unknown.pk, editor=ed)
    assert again(unknown).visibility == "private"
    assert not StoredObject.objects.filter(area="media").exists()
    settings.PUBLIC_PHOTOS_WITHOUT_LOCATION = False
    assert publish(unknown.pk, editor=ed).public_copy


def test_photos_keep_their_location_where_that_is_set(photo, ed, settings):
    settings.PUBLIC_PHOTOS_WITHOUT_LOCATION = False
    public = publish(photo.pk, editor=ed)
    assert seen_by_a_stranger(public.public_copy.key) == LOCATED


def test_only_pictures_are_read_to_look_for_a_location(private, ed, monkeypatch):
    monkeypatch.delattr(copies, "copy_without_location")
    assert publish(private.pk, editor=ed).public_copy
