"""Moving on the pages: one walks to the place, is asked when it widens, and reads what was refused."""

import pytest

from media_core.documents.models import Document
from tenants.binding import bind_tenant
from tests.folders import new_folder
from tests.media_core.conftest import document_row
from tests.media_core.library.pages import hidden_fields, text

pytestmark = pytest.mark.django_db


def test_a_document_is_moved_by_walking_to_the_place(acme, browse):
    outer = new_folder(acme, "Outer")
    inner = new_folder(acme, "Inner", within=outer)
    with bind_tenant(acme):
        document = document_row("Offer")
    browser, page = browse(acme, "ed"), f"/documents/{document.pk}/move"
    top = browser.get(page).content.decode()
    assert "It is here already." in top
    assert f'href="?into={outer.pk}"' in top
    assert f'href="?into={inner.pk}"' in browser.get(f"{page}?into={outer.pk}").content.decode()
    there = browser.get(f"{page}?into={inner.pk}")
    assert "Move to “Inner”" in text(there)
    sent = {name: value[0] for name, value in hidden_fields(there).items()}
    answer = browser.post(page, sent, follow=True)
    assert answer.redirect_chain == [(f"/documents/{document.pk}", 302)]
    assert "“Offer” is moved." in text(answer)
    assert "Folder Outer / Inner" in text(answer)


def test_a_folder_is_not_offered_itself(acme, browse):
    folder = new_folder(acme, "Only")
    page = browse(acme, "ed").get(f"/folders/{folder.pk}/move").content.decode()
    assert f"?into={folder.pk}" not in page


def test_a_move_that_lets_more_people_read_asks_how_many_and_then_does_it(acme, people, browse):
    folder = new_folder(acme, "Closed", readers=[people["ed"]])
    with bind_tenant(acme):
        document = document_row("Offer", folder=folder)
    browser, page = browse(acme, "ed"), f"/documents/{document.pk}/move"
    question = browser.post(page, {"into": ""})
    assert question.status_code == 409
    assert "Let 2 more people open “Offer”?" in text(question)
    with bind_tenant(acme):
        assert Document.objects.get().folder_id == folder.pk
    sent = {name: value[0] for name, value in hidden_fields(question).items()}
    assert sent == {"into": "", "widens_to": "2"}
    assert "is moved" in text(browser.post(page, sent, follow=True))


def test_a_move_that_is_refused_says_why_where_one_was(acme, browse):
    outer = new_folder(acme, "Outer")
    inner = new_folder(acme, "Inner", within=outer)
    page = f"/folders/{outer.pk}/move"
    answer = browse(acme, "ed").post(page, {"into": inner.pk}, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert "cannot stand in itself" in text(answer)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_place_that_is_no_id_is_not_found(method, acme, browse):
    folder = new_folder(acme)
    answer = getattr(browse(acme, "ed"), method)(f"/folders/{folder.pk}/move", {"into": "x"})
    assert answer.status_code == 404
