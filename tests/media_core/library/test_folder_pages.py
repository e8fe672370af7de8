"""The pages of folders, as a person walks through them."""

import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from media_core.documents.folders import Folder
from media_core.documents.models import Document
from tenants.binding import bind_tenant
from tests.conftest import new_session
from tests.folders import new_folder
from tests.media_core.conftest import document_row, stored_row
from tests.media_core.library.pages import text
from tests.media_core.wsgi import asked
from tests.wire import bucket_requests, statements

pytestmark = pytest.mark.django_db


# --- lists


def test_a_folder_says_where_it_is_and_what_is_in_it(acme, globex, browse):
    outer = new_folder(acme, "Marketing")
    inner = new_folder(acme, "2026", within=outer)
    with bind_tenant(acme):
        document_row("in 2026", folder=inner, original=stored_row(size_bytes=1_500_000))
        document_row("in Marketing", folder=outer, original=stored_row(size_bytes=500_000))
        document_row("in none")
    browser = browse(acme, "vic")
    assert "Marketing members 2 2 MB" in text(browser.get("/"))
    page = browser.get(f"/folders/{outer.pk}")
    assert "All documents Marketing" in text(page).replace(" / ", " ")
    assert "2026 members 1 1.5 MB" in text(page)
    assert "in Marketing" in text(page)
    assert "in none" not in text(page)
    assert f'href="/folders/{outer.pk}"' in browser.get(f"/folders/{inner.pk}").content.decode()


def test_sums_hold_only_what_the_member_reads(acme, browse):
    outer = new_folder(acme, "Marketing")
    hidden = new_folder(acme, "Hidden", within=outer, readers=[])
    with bind_tenant(acme):
        document_row(folder=hidden, original=stored_row(size_bytes=1_000_000))
        document_row(folder=outer, original=stored_row(size_bytes=2_000))
    assert "Marketing members 1 2 kB" in text(browse(acme, "ed").get("/"))
    assert "Marketing members 2 1 MB" in text(browse(acme, "ada").get("/"))


def test_an_empty_folder_says_so(acme, browse):
    folder = new_folder(acme)
    assert "This folder is empty. Upload" in text(browse(acme, "ed").get(f"/folders/{folder.pk}"))
    assert text(browse(acme, "vic").get(f"/folders/{folder.pk}")).endswith("This folder is empty.")


def test_folders_and_documents_have_pages_of_their_own(acme, browse):
    outer = new_folder(acme)
    with bind_tenant(acme):
        for number in range(51):
            folder_id = uuid.uuid4()
            Folder.objects.create(
                id=folder_id, name=f"folder {number:02}", parent=outer, path=[outer.pk, folder_id],
                created_by_id=uuid.uuid4(), created_by_name="Ada",
            )  # fmt: skip
            document_row(f"document {number:02}", folder=outer)
    browser = browse(acme, "vic")
    first = browser.get(f"/folders/{outer.pk}")
    assert "Page 1 of 2" in text(first)
    assert "folder 50" not in text(first)
    second = browser.get(f"/folders/{outer.pk}?folders=2&page=2").content.decode()
    assert "folder 50" in second
    assert "document 00" in second
    assert "document 50" not in second
    assert 'href="?folders=1&amp;page=2"' in second
    assert 'href="?folders=2&amp;page=1"' in second


@pytest.mark.parametrize("name", ["1", "12", "60"])
def test_a_folder_costs_eight_statements_whatever_is_in_it(name, committed, acme, people):
    def look():
        key, outer = new_session(people["vic"], acme), new_folder(acme, "outer")
        for number in range(int(name)):
            inner = new_folder(acme, str(number), within=outer)
            with bind_tenant(acme):
                document_row(folder=inner)
                document_row(folder=outer)
        asked("acme.example", f"/folders/{outer.pk}", key)
        with statements() as sent, bucket_requests() as requested:
            answer = asked("acme.example", f"/folders/{outer.pk}", key)
        return answer.status, len(sent), requested

    # SET, the session; the way, folders counted, listed and summed up; documents counted and listed.
    assert committed(look) == (200, 8, [])


# --- making and renaming


def test_a_new_folder_stands_where_it_was_made(acme, browse):
    outer = new_folder(acme, "Outer")
    browser = browse(acme, "ed")
    page = browser.get(f"/folders/{outer.pk}").content.decode()
    assert f'name="folder" value="{outer.pk}"' in page
    answer = browser.post("/folders/new", {"name": "Inner", "folder": outer.pk}, follow=True)
    assert answer.redirect_chain == [(f"/folders/{outer.pk}", 302)]
    assert "The folder “Inner” is created." in text(answer)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a/b", "make one folder in the other"),
        ("Outer", "in this place already"),
        ("", "Name: This field is required"),
    ],
)
def test_a_refusal_is_one_line_on_the_page_one_came_from(name, said, acme, browse):
    new_folder(acme, "Outer")
    answer = browse(acme, "ed").post("/folders/new", {"name": name}, follow=True)
    assert answer.redirect_chain == [("/", 302)]
    assert said in text(answer)
    assert 'class="note error" role="alert">' in answer.content.decode()


def test_renaming(acme, browse):
    folder = new_folder(acme, "Old")
    browser, page = browse(acme, "ed"), f"/folders/{folder.pk}/rename"
    assert 'value="Old"' in browser.get(page).content.decode()
    answer = browser.post(page, {"name": "New"}, follow=True)
    assert answer.redirect_chain == [(f"/folders/{folder.pk}", 302)]
    assert "The folder is called “New” now." in text(answer)
    assert "dots only" in text(browser.post(page, {"name": ".."}))
    assert "This field is required" in text(browser.post(page, {"name": ""}))


# --- uploading into a folder


def test_an_upload_lands_in_the_folder_it_was_made_in(acme, browse):
    folder = new_folder(acme)
    form = {"file": SimpleUploadedFile("x.txt", b"x"), "folder": folder.pk, "visibility": "private"}
    answer = browse(acme, "ed").post("/upload", form, follow=True)
    assert answer.redirect_chain == [(f"/folders/{folder.pk}", 302)]
    with bind_tenant(acme):
        assert Document.objects.get().folder_id == folder.pk


def test_a_restricted_folder_offers_no_choice_of_who_sees_a_file(acme, people, browse):
    outer = new_folder(acme, "Outer", readers=[people["ed"]])
    folder = new_folder(acme, "Inner", within=outer)
    browser = browse(acme, "ed")
    page = browser.get(f"/folders/{folder.pk}").content.decode()
    assert 'name="visibility"' not in page
    form = {"file": SimpleUploadedFile("x.txt", b"x"), "folder": folder.pk}
    assert "is stored" in text(browser.post("/upload", form, follow=True))
    form |= {"file": SimpleUploadedFile("x.txt", b"x"), "visibility": "public"}
    assert "“Outer” is restricted" in text(browser.post("/upload", form, follow=True))
    with bind_tenant(acme):
        assert Document.objects.get().visibility == "private"


# --- for everybody


def test_every_page_has_labels_headers_and_no_script_of_its_own(acme, people, browse):
    folder = new_folder(acme, "Contracts", readers=[people["ed"]])
    with bind_tenant(acme):
        document = document_row(folder=folder)
    browser, at = browse(acme, "ada"), f"/folders/{folder.pk}"
    pages = ["/", at, *(f"{at}/{what}" for what in ("rename", "move", "readers", "lift", "trash"))]
    pages += [f"/documents/{document.pk}{what}" for what in ("", "/move", "/publish")]
    for page in pages:
        html = browser.get(page).content.decode()
        assert not re.search(r"<script(?![^>]*src=)| style=| on\w+=", html), page
        assert all("scope=" in header for header in re.findall(r"<th[ >][^>]*>?", html)), page
        for field in re.findall(r"<(?:input|select)[^>]*>", html):
            # A label stands around each member's box; all others are named by theirs.
            if not re.search(r'type="hidden"|name="readers"', field):
                field_id = re.findall(r' id="([^"]+)"', field)[0]
                assert f'for="{field_id}"' in html, field
        assert html.count("<h1") == 1
