"""The page of a document: what is known of it, who sees it, and what can be done with it."""

import pytest

from media_core.documents.models import Document
from media_core.ledger.models import StoredObject
from media_core.storages.file_types import DOCX
from tenants.binding import bind_tenant
from tests.conftest import new_session
from tests.folders import new_folder
from tests.media_core.conftest import document_row, stored_row
from tests.media_core.library.pages import text
from tests.media_core.wsgi import asked
from tests.wire import bucket_requests, statements

pytestmark = pytest.mark.django_db


def test_the_page_says_what_is_known(acme, globex, store, browse):
    folder = new_folder(acme, "Marketing")
    document = store(acme, b"12345", name="Übersicht.pdf", title="Overview", folder=folder)
    page = text(browse(acme, "vic").get(f"/documents/{document.pk}"))
    for fact in (
        "File Übersicht.pdf",
        "Size 5 bytes",
        "Folder Marketing",
        "by Ada",
        "members 4 people.",
        f"https://acme.example/d/{document.pk}/%C3%9Cbersicht.pdf",
        document.original.sha256,
    ):
        assert fact in page, fact


def test_in_a_restricted_folder_it_says_how_many_read_it_and_offers_no_publishing(
    acme, people, browse
):
    inner = new_folder(acme, "in", within=new_folder(acme, "out", readers=[people["ed"]]))
    with bind_tenant(acme):
        document = document_row(folder=inner)
    page = text(browse(acme, "ed").get(f"/documents/{document.pk}"))
    assert "restricted 2 people: the admins and those they named." in page
    assert "it cannot be published" in page
    assert "Publish" not in page


def test_a_page_holds_no_link_to_the_bucket_while_nothing_is_public(acme, store, browse):
    document = store(acme)
    page = browse(acme, "ada").get(f"/documents/{document.pk}").content.decode()
    assert "Signature" not in page
    assert "Direct link" not in page


@pytest.mark.parametrize(
    ("visibility", "button"), [("private", "Publish"), ("public", "Unpublish")]
)
def test_the_button_that_fits_is_offered(visibility, button, acme, browse):
    with bind_tenant(acme):
        document = document_row(visibility=visibility)
    page = browse(acme, "ed").get(f"/documents/{document.pk}").content.decode()
    assert (f">{button}</a>" in page, page.count("/publish") + page.count("/unpublish")) == (
        True,
        1,
    )


def test_publishing_asks_in_words_and_numbers(acme, browse):
    with bind_tenant(acme):
        document = document_row("Brochure", original=stored_row(size_bytes=2_000_000))
    page = text(browse(acme, "ed").get(f"/documents/{document.pk}/publish"))
    assert "Publish “Brochure”?" in page
    assert "4 people can open it now" in page
    assert "2 MB for the whole web" in page


COPIED = "They get a copy without its location"
AS_IT_IS = "It is published as it is: if a location is saved in it, everyone can read that."


@pytest.mark.parametrize(
    ("content_type", "name", "said"),
    [
        ("image/jpeg", "a.jpg", COPIED),
        ("image/avif", "a.avif", COPIED),
        ("video/mp4", "a.mp4", AS_IT_IS),
        ("application/pdf", "a.pdf", AS_IT_IS),
        (DOCX.content_type, "a.docx", AS_IT_IS),
        ("application/octet-stream", "a.mkv", AS_IT_IS),
        ("application/octet-stream", "a.txt", None),
    ],
)
def test_whoever_publishes_reads_whether_strangers_get_a_place(
    content_type, name, said, acme, browse
):
    with bind_tenant(acme):
        stored = stored_row(content_type=content_type)
        document = document_row("It", original=stored, name=name)
    page = text(browse(acme, "ed").get(f"/documents/{document.pk}/publish"))
    assert [one for one in (COPIED, AS_IT_IS) if one in page] == ([said] if said else [])


def test_photos_that_keep_their_place_are_no_exception(acme, browse, settings):
    settings.PUBLIC_PHOTOS_WITHOUT_LOCATION = False
    with bind_tenant(acme):
        photo = document_row("Photo", original=stored_row(content_type="image/jpeg"))
    assert AS_IT_IS in text(browse(acme, "ed").get(f"/documents/{photo.pk}/publish"))


def test_whoever_uploads_reads_it_where_they_choose(acme, browse):
    said = "Files other than photos are published as they are, with any location saved in them."
    assert said in text(browse(acme, "ed").get("/"))


def test_of_two_addresses_the_page_says_which_one_to_link_to(acme, store, browse):
    document = store(acme, visibility="public")
    page = text(browse(acme, "vic").get(f"/documents/{document.pk}"))
    address = f"https://acme.example/d/{document.pk}/{document.name}"
    assert f"Link {address} Copy Use this one" in page
    assert "Direct link http" in page


def test_where_the_bucket_shows_nothing_there_is_no_direct_address(acme, store, browse, settings):
    document = store(acme, visibility="public")
    settings.PUBLIC_MEDIA_MODE = "gateway"
    assert "Direct link" not in text(browse(acme, "vic").get(f"/documents/{document.pk}"))


def test_on_disk_the_direct_address_names_its_host(acme, store, browse):
    document = store(acme, visibility="public")
    with bind_tenant(acme):
        StoredObject.objects.update(place="disk")
    page = text(browse(acme, "vic").get(f"/documents/{document.pk}"))
    assert "Direct link https://acme.example/media/" in page


def test_unpublishing_asks_in_words_and_numbers(acme, browse):
    with bind_tenant(acme):
        document = document_row("Brochure", visibility="public")
    page = text(browse(acme, "ed").get(f"/documents/{document.pk}/unpublish"))
    assert "Unpublish “Brochure”?" in page
    assert "Then only 4 people can open it" in page


def test_what_is_refused_is_said_on_the_documents_page(acme, people, browse):
    folder = new_folder(acme, readers=[people["ed"]])
    with bind_tenant(acme):
        document = document_row(folder=folder)
    answer = browse(acme, "ed").post(f"/documents/{document.pk}/publish", follow=True)
    assert answer.redirect_chain == [(f"/documents/{document.pk}", 302)]
    assert 'class="note error"' in answer.content.decode()
    with bind_tenant(acme):
        assert Document.objects.get().visibility == "private"


def test_a_documents_page_costs_five_statements(committed, acme, people):
    def look():
        key, folder = new_session(people["vic"], acme), new_folder(acme)
        with bind_tenant(acme):
            document = document_row(folder=new_folder(acme, "inner", within=folder))
        asked("acme.example", f"/documents/{document.pk}", key)
        with statements() as sent, bucket_requests() as requested:
            answer = asked("acme.example", f"/documents/{document.pk}", key)
        return answer.status, len(sent), requested

    # SET, the session; the document, its way, its readers.
    assert committed(look) == (200, 5, [])
