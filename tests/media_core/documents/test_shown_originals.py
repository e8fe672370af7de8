"""Where a copy would be of no use the public gets the original, by a link of the gateway, and only then."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from media_core.documents.models import AccessEvent, Document
from media_core.documents.opening import find
from media_core.documents.publishing import bring_back, publish, republish, take_down, unpublish
from media_core.documents.renaming import rename_document
from media_core.documents.trash import restore_entry, trash_document
from media_core.documents.versions import restore_version
from media_core.ledger.models import StoredObject
from media_core.uploads.flow import replace_file
from tenants.binding import bind_tenant
from tests.media_core.conftest import document_row, stored_row
from tests.media_core.documents.conftest import (
    BROCHURE,
    LOCATED,
    again,
    bytes_of,
    has_location,
    seen_by_a_stranger,
)
from tests.server import serving
from tests.wire import bucket_requests

pytestmark = [pytest.mark.django_db, pytest.mark.bucket, pytest.mark.usefixtures("in_acme")]
SECOND = b"%PDF-1.4\nthe second\n%%EOF\n"


@pytest.fixture
def in_mode_gateway(settings) -> None:
    settings.PUBLIC_MEDIA_MODE = "gateway"


def replace(document, editor, body: bytes, name: str) -> Any:
    file = SimpleUploadedFile(name, body, "")
    replace_file(document.pk, uploader=editor, file=file)
    return again(document)


def find_public_object(document) -> StoredObject | None:
    """Return the object of which a stranger gets a link."""
    served = find(document.pk, None, is_noted=False)
    return served.stored if served else None


def copies() -> int:
    return StoredObject.objects.filter(area="media").exclude(state="gone").count()


# --- publishing


@pytest.mark.usefixtures("in_mode_gateway")
def test_publishing_and_taking_back_ask_the_bucket_nothing(private, ed):
    with bucket_requests() as sent:
        public = publish(private.pk, editor=ed)
        assert find_public_object(public) == private.original
        back = unpublish(private.pk, editor=ed)
    assert sent == []
    assert (back.visibility, back.is_served_to_public, copies()) == ("private", False, 0)


@pytest.mark.usefixtures("in_mode_gateway")
def test_of_a_photo_there_is_a_copy_without_its_location(photo, ed):
    public: Any = publish(photo.pk, editor=ed)
    assert find_public_object(public) == public.public_copy
    assert not has_location(bytes_of(public.public_copy) or b"")
    assert bytes_of(public.original) == LOCATED


@pytest.mark.usefixtures("in_mode_gateway")
def test_a_photo_keeps_its_location_and_needs_no_copy_where_that_is_set(photo, ed, settings):
    settings.PUBLIC_PHOTOS_WITHOUT_LOCATION = False
    assert publish(photo.pk, editor=ed).shows_original


@pytest.mark.usefixtures("in_mode_gateway")
def test_a_replacement_gets_a_copy_only_when_it_needs_one(private, ed):
    publish(private.pk, editor=ed)
    with_photo = replace(private, ed, LOCATED, "photo.jpg")
    assert not has_location(bytes_of(with_photo.public_copy) or b"")
    assert find_public_object(private) == with_photo.public_copy
    with_text = replace(private, ed, SECOND, "second.pdf")
    assert find_public_object(private) == with_text.original
    restore_version(private.pk, 2, editor=ed)
    assert not has_location(bytes_of(again(private).public_copy) or b"")
    assert copies() == 1


@pytest.mark.usefixtures("in_mode_gateway")
def test_another_name_costs_no_request(private, ed):
    publish(private.pk, editor=ed)
    with bucket_requests() as sent:
        rename_document(private.pk, title="", file_name="prices.pdf", editor=ed)
    assert (sent, again(private).shows_original) == ([], True)


@pytest.mark.usefixtures("in_mode_gateway")
def test_what_comes_out_of_the_trash_shows_nothing(private, ed):
    publish(private.pk, editor=ed)
    entry = trash_document(private.pk, editor=ed)
    assert not again(private).is_served_to_public
    restore_entry(entry.pk, editor=ed)
    assert not again(private).is_served_to_public


# --- taken down


def test_a_photo_that_is_taken_down_shows_nothing_in_any_mode(photo, ed, acme, browse, settings):
    publish(photo.pk, editor=ed)
    down = take_down(photo.pk)
    assert (down.visibility, down.is_served_to_public) == ("public", False)
    for mode in ("acl", "gateway"):
        settings.PUBLIC_MEDIA_MODE = mode
        assert browse(acme).get(f"/d/{photo.pk}").status_code == 404
    up: Any = bring_back(photo.pk)
    assert find_public_object(photo) == up.public_copy
    assert not has_location(bytes_of(up.public_copy) or b"")


@pytest.mark.parametrize("given", [{"visibility": "private"}, {"public_copy": True}])
def test_the_database_lets_a_document_show_one_thing_only(given):
    if "public_copy" in given:
        given = {"public_copy": stored_row(area="media", name="media/1/x.pdf")}
    with pytest.raises(IntegrityError, match="document_shows_one_thing"), transaction.atomic():
        document_row(**{"visibility": "public", "shows_original": True, **given})


def test_what_becomes_private_shows_nothing_whoever_says_so():
    document = document_row(visibility="public", shows_original=True)
    Document.objects.filter(pk=document.pk).update(visibility="private")
    assert not again(document).shows_original


@pytest.mark.usefixtures("in_mode_gateway")
def test_there_is_nothing_to_take_down_or_bring_back(private, ed):
    public = publish(private.pk, editor=ed)
    for flow in (take_down, bring_back):
        assert flow(private.pk).revision == public.revision
    assert again(private).shows_original


# --- what strangers get


@pytest.mark.usefixtures("in_mode_gateway")
def test_a_stranger_gets_the_bytes_by_a_link_that_no_cache_keeps(private, ed, acme, globex, browse):
    publish(private.pk, editor=ed)
    with serving() as gateway:
        answer = gateway.get(f"/d/{private.pk}")
        link = answer.headers["Location"]
        assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "private, no-store")
        assert gateway.get(link).content == BROCHURE
        assert gateway.get(f"/d/{private.pk}", host="globex.example").status_code == 404
    assert seen_by_a_stranger(link.partition("?")[0].partition("/test-bucket/")[2]) is None
    event = AccessEvent.objects.get()
    assert (event.person_name, event.document_id) == ("", private.pk)
    path = f"/documents/{private.pk}"
    assert "Direct link" not in browse(acme, "ed").get(path).content.decode()
    question = browse(acme, "ed").get(f"{path}/unpublish").content.decode()
    assert "Whoever opened it just before can read on for up to 300 seconds." in question


@pytest.mark.usefixtures("in_mode_gateway")
def test_a_stranger_gets_nothing_once_it_is_taken_back(private, ed, acme, browse):
    publish(private.pk, editor=ed)
    stranger = browse(acme)
    assert stranger.get(f"/d/{private.pk}").status_code == 302
    unpublish(private.pk, editor=ed)
    assert stranger.get(f"/d/{private.pk}").status_code == 404


@pytest.mark.usefixtures("in_mode_gateway")
def test_the_original_of_another_tenant_is_not_shown(private, ed, globex, store, browse):
    acme = private.require_tenant()
    publish(private.pk, editor=ed)
    foreign = store(globex, b"globex's", visibility="public")
    with bind_tenant(globex):
        assert again(foreign).shows_original
    assert browse(globex, "eve").get(f"/d/{private.pk}").status_code == 404
    assert browse(acme, "ada").get(f"/d/{foreign.pk}").status_code == 404


# --- another mode, another place


def test_what_has_a_copy_keeps_it_when_the_mode_becomes_gateway(public, acme, browse, settings):
    settings.PUBLIC_MEDIA_MODE = "gateway"
    assert find_public_object(public) == public.public_copy
    link = browse(acme).get(f"/d/{public.pk}").headers["Location"]
    assert f"/acme/media/{public.public_copy_id}/" in link
    assert "Signature=" in link


@pytest.fixture
def without_copy(private, ed, settings) -> Any:
    settings.PUBLIC_MEDIA_MODE = "gateway"
    publish(private.pk, editor=ed)
    settings.PUBLIC_MEDIA_MODE = "acl"
    return again(private)


def test_what_has_no_copy_opens_as_before_when_the_mode_becomes_acl(without_copy, acme, browse):
    link = browse(acme).get(f"/d/{without_copy.pk}").headers["Location"]
    assert f"/acme/private/{without_copy.original_id}/" in link
    assert seen_by_a_stranger(without_copy.original.key) is None


AGAIN = {
    "published": lambda pk, ed: publish(pk, editor=ed),
    "brought back": lambda pk, _ed: bring_back(pk),
    "taken back and published": lambda pk, ed: (
        unpublish(pk, editor=ed),
        publish(pk, editor=ed),
    ),
    "published again": lambda pk, _ed: republish(pk),
    "replaced": lambda pk, ed: replace(Document.objects.get(pk=pk), ed, BROCHURE, "x.pdf"),
}


@pytest.mark.parametrize("change", AGAIN.values(), ids=AGAIN)
def test_it_has_a_public_address_once_it_is(change, without_copy, ed):
    change(without_copy.pk, ed)
    now = again(without_copy)
    assert not now.shows_original
    assert seen_by_a_stranger(now.public_copy.key) == BROCHURE


def test_published_again_in_mode_gateway_it_needs_its_copy_no_more(public, settings):
    settings.PUBLIC_MEDIA_MODE = "gateway"
    republish(public.pk)
    assert find_public_object(public) == public.original
    assert StoredObject.objects.get(pk=public.public_copy_id).state == "condemned"
