"""One contract for what is public: an address without a signature that answers everybody, and only for that.

On disk, and in mode gateway, only a photo has one of its own: it is given without its location. Of everything else the
public gets the original, by a link.
"""

import pytest

from gateway.demo.samples import make_pdf
from media_core.documents.permissions import require_editor
from media_core.documents.publishing import publish, unpublish
from media_core.storages.tenant_storage import find_storage
from tenants.binding import bind_tenant
from tests.conftest import member
from tests.media_core.documents.conftest import LOCATED, has_location

pytestmark = pytest.mark.django_db
CLOSED = {403, 404}
PDF = make_pdf("For all", 1)


@pytest.fixture
def ada(people, acme):
    return require_editor(member(people["ada"], acme))


@pytest.fixture
def address(acme):
    """Return the public address of a document."""

    def of(document):
        with bind_tenant(acme):
            return find_storage(document.public_copy).build_public_url(document.public_copy)

    return of


@pytest.fixture
def year(settings):
    settings.PUBLIC_MEDIA_IMMUTABLE = True


@pytest.fixture
def brochure(place, store, acme, globex):
    return store(acme, LOCATED, name="Übersicht.jpg", visibility="public")


@pytest.fixture
def shown(brochure, acme):
    """Return what the public gets of it: the photo without its location."""
    with bind_tenant(acme), find_storage(brochure.public_copy).read(brochure.public_copy) as body:
        return body.read()


def test_everybody_gets_it_without_a_signature_and_with_its_headers(
    gateway, brochure, shown, address
):
    answer = gateway.get(address(brochure))
    assert (answer.status_code, answer.content) == (200, shown)
    assert not has_location(answer.content)
    assert "?" not in address(brochure)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"] == "inline; filename*=utf-8''%C3%9Cbersicht.jpg"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in answer.headers


def test_caches_keep_it_for_a_year_where_that_is_chosen(year, gateway, store, acme, address):
    document = store(acme, LOCATED, name="photo.jpg", visibility="public")
    answer = gateway.get(address(document))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_part_of_it_and_its_headers_alone_can_be_asked_for(gateway, brochure, shown, address):
    part = gateway.get(address(brochure), Range="bytes=0-2")
    assert (part.status_code, part.content) == (206, shown[:3])
    head = gateway.get(address(brochure), method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(shown))


def test_what_is_known_already_is_not_sent_again(gateway, brochure, address):
    first = gateway.get(address(brochure)).headers
    by_tag = gateway.get(address(brochure), If_None_Match=first["ETag"])
    by_date = gateway.get(address(brochure), If_Modified_Since=first["Last-Modified"])
    assert (by_tag.status_code, by_tag.content) == (304, b"")
    assert by_date.status_code == 304


def test_a_private_object_has_no_address_that_answers(gateway, store, acme, brochure, address):
    private = store(acme, b"for members").original
    own = private.name.removeprefix("private/")
    public = brochure.public_copy.name.removeprefix("media/")
    guessed = address(brochure).replace(public, own)
    for url in (guessed, guessed.replace("/media/", "/private/"), guessed + "?x=y"):
        assert url != address(brochure)
        assert gateway.get(url).status_code in CLOSED


def test_what_is_taken_back_is_gone_at_its_address(gateway, brochure, address, acme, ada):
    url = address(brochure)
    assert gateway.get(url).status_code == 200
    with bind_tenant(acme):
        unpublish(brochure.pk, editor=ada)
    assert gateway.get(url).status_code in CLOSED


def test_what_is_published_again_gets_another_address(gateway, brochure, address, acme, ada):
    before = address(brochure)
    shown = gateway.get(before).content
    with bind_tenant(acme):
        unpublish(brochure.pk, editor=ada)
        again = publish(brochure.pk, editor=ada)
    assert gateway.get(address(again)).content == shown
    assert gateway.get(before).status_code in CLOSED


def test_the_permanent_address_leads_there(gateway, brochure, address):
    answer = gateway.get(f"/d/{brochure.pk}")
    assert (answer.status_code, answer.headers["Location"]) == (302, address(brochure))


@pytest.fixture
def without_address(place, settings):
    """Let the public reach nothing without the gateway: on disk it never does, in the bucket by its mode."""
    if place == "bucket":
        settings.PUBLIC_MEDIA_MODE = "gateway"


def test_what_needs_no_copy_has_no_address_of_its_own(
    without_address, gateway, store, acme, globex
):
    document = store(acme, PDF, name="Übersicht.pdf", visibility="public")
    assert (document.public_copy, document.shows_original) == (None, True)
    signed = gateway.get(f"/d/{document.pk}")
    assert (signed.status_code, signed.headers["Cache-Control"]) == (302, "private, no-store")
    answer = gateway.get(signed.headers["Location"])
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == "inline; filename*=utf-8''%C3%9Cbersicht.pdf"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert gateway.get(f"/d/{document.pk}", host="globex.example").status_code == 404


def test_when_it_is_taken_back_no_link_is_given_any_more(
    without_address, gateway, store, acme, ada
):
    document = store(acme, PDF, visibility="public")
    assert gateway.get(f"/d/{document.pk}").status_code == 302
    with bind_tenant(acme):
        unpublish(document.pk, editor=ada)
    assert gateway.get(f"/d/{document.pk}").status_code == 404
