"""The pages of the trash, as a person walks through them."""

import re
import uuid

import pytest

from media_core.bucket.client import get_bucket_client
from media_core.documents.folders import Folder
from media_core.documents.models import Document, TrashEntry, Version
from media_core.documents.trash import trash_document, trash_folder
from media_core.jobs import purge_trash
from tenants.binding import bind_tenant
from tenants.jobs.kinds import JobStep
from tests.conftest import new_session
from tests.folders import admin_of, new_folder
from tests.media_core.conftest import document_row, stored_row
from tests.media_core.library.pages import hidden_fields, text
from tests.media_core.wsgi import asked
from tests.trash import fill_folder
from tests.wire import bucket_requests, statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def guides(acme, globex, people) -> Folder:
    """A folder at acme with three folders and four documents in it, of which two are public."""
    folder = new_folder(acme, "Museum guides")
    with bind_tenant(acme):
        fill_folder(acme, folder, documents=4, folders=3, public=2)
    return folder


def trash(tenant, folder) -> TrashEntry:
    with bind_tenant(tenant):
        return trash_folder(folder.pk, editor=admin_of(tenant))


def test_a_folder_is_moved_to_the_trash_after_a_question_with_numbers(acme, guides, browse):
    browser, page = browse(acme, "ed"), f"/folders/{guides.pk}/trash"
    assert f'href="{page}"' in browser.get(f"/folders/{guides.pk}").content.decode()
    question = text(browser.get(page))
    assert "Move “Museum guides” to the trash?" in question
    assert "The folder holds 3 folders and 4 documents." in question
    assert "2 documents are public. They will no longer be public." in question
    assert re.search(r"\d people can open the folder now. In the trash nobody can.", question)
    answer = browser.post(page, follow=True)
    assert answer.redirect_chain == [("/", 302)]
    assert "You can restore it for 30 days. The public copies will be removed" in text(answer)
    assert f'href="/folders/{guides.pk}"' not in answer.content.decode()
    for gone in (f"/folders/{guides.pk}", page):
        assert browser.get(gone).status_code == 404


def test_an_empty_folder_says_so(acme, browse):
    folder = new_folder(acme, "Empty", within=new_folder(acme, "Outer"))
    browser, page = browse(acme, "ed"), f"/folders/{folder.pk}/trash"
    question = text(browser.get(page))
    assert "The folder is empty." in question
    assert "public" not in question
    answer = browser.post(page, follow=True)
    assert answer.redirect_chain == [(f"/folders/{folder.parent_id}", 302)]
    assert "public copies" not in text(answer)


def test_the_list_says_what_each_is_and_how_large(acme, guides, browse):
    entry = trash(acme, guides)
    with bind_tenant(acme):
        document = document_row("Offer", original=stored_row(size_bytes=2_000))
        trash_document(document.pk, editor=admin_of(acme))
    page = browse(acme, "ed").get("/trash")
    assert "Museum guides Folder with 3 folders and 4 documents 20 bytes" in text(page)
    assert "Offer 2 kB" in text(page)
    assert f'href="/trash/{entry.pk}/restore"' in page.content.decode()


def test_the_list_has_pages(acme, browse):
    with bind_tenant(acme):
        for number in range(51):
            TrashEntry.objects.create(
                title=f"{number:02}", is_folder=True, was_restricted=False,
                trashed_by_id=uuid.uuid4(), trashed_by_name="Ada",
            )  # fmt: skip
    browser = browse(acme, "ed")
    assert "Page 1 of 2" in text(browser.get("/trash"))
    assert " 00 Empty folder" in text(browser.get("/trash?page=2"))


@pytest.mark.parametrize("entries", [1, 12])
def test_the_list_costs_six_statements_whatever_is_in_it(entries, committed, acme, people):
    def look():
        key = new_session(people["ed"], acme)
        for number in range(entries):
            folder = new_folder(acme, str(number))
            with bind_tenant(acme):
                fill_folder(acme, folder, documents=2, folders=1)
            trash(acme, folder)
        asked("acme.example", "/trash", key)
        with statements() as sent, bucket_requests() as requested:
            answer = asked("acme.example", "/trash", key)
        return answer.status, len(sent), requested

    # SET, the session; entries counted and listed; folders and documents summed up.
    assert committed(look) == (200, 6, [])


def test_a_folder_comes_back_after_a_question(acme, guides, browse):
    entry = trash(acme, guides)
    browser, page = browse(acme, "ed"), f"/trash/{entry.pk}/restore"
    question = text(browser.get(page))
    assert "It goes to “All documents”. 4 people can open it there." in question
    assert "Everything in it comes back. Its documents will not be public." in question
    answer = browser.post(page, follow=True)
    assert answer.redirect_chain == [(f"/folders/{guides.pk}", 302)]
    assert "The folder “Museum guides” is restored." in text(answer)
    assert browser.get(page).status_code == 404


def test_a_taken_name_is_said_before(acme, guides, browse):
    entry = trash(acme, guides)
    new_folder(acme, "museum guides")
    browser, page = browse(acme, "ed"), f"/trash/{entry.pk}/restore"
    assert "this one will be called “Museum guides (2)”" in text(browser.get(page))
    assert "The folder “Museum guides (2)” is restored." in text(browser.post(page, follow=True))


def test_where_its_place_is_gone_it_is_agreed_to_how_many_can_open_it(acme, people, browse):
    outer = new_folder(acme, "Outer", readers=[people["ed"]])
    inner = new_folder(acme, "Inner", within=outer)
    entry = trash(acme, inner)
    trash(acme, outer)
    browser, page = browse(acme, "ada"), f"/trash/{entry.pk}/restore"
    question = browser.get(page)
    assert "The folder it was in is in the trash or deleted. It goes to “All documents”" in text(
        question
    )
    assert hidden_fields(question) == {"readers": ["4"]}
    assert "Restore “Inner”?" in text(browser.post(page, {"readers": "3"}))
    assert "is restored" in text(browser.post(page, {"readers": "4"}, follow=True))


def test_a_public_copy_that_is_left_is_told_beside_that_the_document_is_in_the_trash(
    acme, store, browse
):
    document = store(acme, visibility="public")

    def refuse(request, **_given):
        if request.method == "DELETE":
            request.url = "http://127.0.0.1:9/"

    events = get_bucket_client().meta.events
    events.register("before-send.s3", refuse)
    try:
        answer = browse(acme, "ed").post(f"/documents/{document.pk}/trash", follow=True)
    finally:
        events.unregister("before-send.s3", refuse)
    assert answer.redirect_chain == [("/", 302)]
    assert "is in the trash" in text(answer)
    assert "its public copy could not be removed yet" in text(answer)


def test_deleting_a_document_says_how_many_versions_go(acme, browse):
    with bind_tenant(acme):
        document = document_row("Offer", original=stored_row(size_bytes=2_000))
        older = {"created_by_id": uuid.uuid4(), "created_by_name": "Ada", "file_name": "x.pdf"}
        for number, original in ((2, document.original), (3, stored_row(size_bytes=3_000))):
            Version.objects.create(document=document, number=number, original=original, **older)
        entry = trash_document(document.pk, editor=admin_of(acme))
    question = text(browse(acme, "ada").get(f"/trash/{entry.pk}/delete"))
    assert "The document will be deleted with everything kept of it: 3 versions, 5 kB." in question


def test_an_admin_deletes_forever_after_a_question_with_numbers(acme, globex, guides, browse):
    entry = trash(acme, guides)
    browser, page = browse(acme, "ada"), f"/trash/{entry.pk}/delete"
    assert f'href="{page}"' in browser.get("/trash").content.decode()
    question = text(browser.get(page))
    assert "Delete “Museum guides” forever?" in question
    assert "deleted: 3 folders and 4 documents with 4 versions, 20 bytes." in question
    assert "You cannot undo this." in question
    answer = browser.post(page, follow=True)
    assert answer.redirect_chain == [("/trash", 302)]
    assert "“Museum guides” is deleted forever." in text(answer)
    assert "The trash is empty." in text(answer)
    with bind_tenant(acme):
        purge_trash(JobStep("", seconds=60, is_stopping=lambda: False))
        assert not Document.objects.exists()


def test_an_editor_cannot_delete_forever(acme, guides, browse):
    entry = trash(acme, guides)
    browser = browse(acme, "ed")
    assert "Delete forever" not in text(browser.get("/trash"))
    for method in (browser.get, browser.post):
        assert method(f"/trash/{entry.pk}/delete").status_code == 403


def test_a_viewer_reaches_none_of_it(acme, guides, browse):
    browser = browse(acme, "vic")
    assert "Move to trash" not in text(browser.get(f"/folders/{guides.pk}"))
    assert browser.post(f"/folders/{guides.pk}/trash").status_code == 403
    entry = trash(acme, guides)
    for page in ("/trash", f"/trash/{entry.pk}/restore", f"/trash/{entry.pk}/delete"):
        assert browser.get(page).status_code == 403


def test_another_tenants_trash_is_not_there(acme, globex, guides, browse):
    entry = trash(acme, guides)
    browser = browse(globex, "eve")
    assert "Museum guides" not in text(browser.get("/trash"))
    for page in ("restore", "delete"):
        assert browser.post(f"/trash/{entry.pk}/{page}").status_code == 404
