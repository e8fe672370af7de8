"""Who reads a folder, as an admin settles it on the pages."""

import uuid

import pytest

from media_core.documents.folders import FolderReader
from tenants.binding import bind_tenant
from tests.folders import new_folder
from tests.media_core.library.pages import hidden_fields, text

pytestmark = pytest.mark.django_db


def test_an_admin_names_who_reads(acme, people, browse):
    folder = new_folder(acme, "Contracts")
    browser, page = browse(acme, "ada"), f"/folders/{folder.pk}/readers"
    shown = browser.get(page)
    assert "Ada admin always can" in text(shown)
    assert "Ed editor" in text(shown)
    answer = browser.post(page, {"readers": [people["ed"].pk]}, follow=True)
    assert answer.redirect_chain == [(f"/folders/{folder.pk}", 302)]
    assert "Only admins and 1 person named by you can open “Contracts” now." in text(answer)
    assert "Contracts 0 restricted" in text(answer)
    assert f'value="{people["ed"].pk}" checked' in browser.get(page).content.decode()
    assert "restricted" in text(browser.get("/"))


def test_whoever_names_nobody_reads_that_only_admins_are_left(acme, people, browse):
    folder = new_folder(acme, "Contracts")
    answer = browse(acme, "ada").post(f"/folders/{folder.pk}/readers", follow=True)
    assert "Only admins can open “Contracts” now." in text(answer)


def test_a_longer_list_asks_and_keeps_the_names(acme, people, browse):
    folder = new_folder(acme, readers=[people["ed"]])
    browser, page = browse(acme, "ada"), f"/folders/{folder.pk}/readers"
    both = [str(people["ed"].pk), str(people["vic"].pk)]
    question = browser.post(page, {"readers": both})
    assert (question.status_code, "Let 1 more person open" in text(question)) == (409, True)
    sent = hidden_fields(question)
    assert sent == {"readers": both, "widens_to": ["1"]}
    browser.post(page, sent)
    with bind_tenant(acme):
        assert FolderReader.objects.count() == 2


@pytest.mark.parametrize("who", ["not an id", str(uuid.UUID(int=1))])
def test_a_name_that_is_none_is_refused(who, acme, browse):
    folder = new_folder(acme)
    page = f"/folders/{folder.pk}/readers"
    answer = browse(acme, "ada").post(page, {"readers": [who]}, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert "Somebody who was named is no member" in text(answer)


def test_lifting_says_how_many_before_and_asks_again_when_it_is_more(acme, people, browse):
    folder = new_folder(acme, "Contracts", readers=[people["ed"]])
    browser, page = browse(acme, "ada"), f"/folders/{folder.pk}/lift"
    question = browser.get(page)
    assert "Then 2 more people can open it" in text(question)
    assert browser.post(page, {"widens_to": "1"}).status_code == 409
    answer = browser.post(page, hidden_fields(question), follow=True)
    assert "is no longer restricted" in text(answer)
    assert "is not restricted" in text(browser.post(page, follow=True))


def test_below_a_restricted_folder_the_list_says_who_is_kept_out(acme, people, browse):
    outer = new_folder(acme, "Outer", readers=[people["ed"]])
    inner = new_folder(acme, "Inner", within=outer)
    page = text(browse(acme, "ada").get(f"/folders/{inner.pk}/readers"))
    assert "Members who are not named there cannot open this one" in page
    assert "Vic viewer is kept out by a folder above" in page
    assert "Ed editor is kept out" not in page
