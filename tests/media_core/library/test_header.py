"""The head of every page: where its reader may go, and who they are."""

import re

import pytest

from tests.folders import new_folder

pytestmark = pytest.mark.django_db


def ways(answer):
    """Return what the head of a page leads to, and which of it is this page."""
    nav = re.findall(r'<nav class="ways".*?</nav>', answer.content.decode(), re.DOTALL)[0]
    return re.findall(r">([^<]+)</a>", nav), re.findall(r'aria-current="page">([^<]+)<', nav)


@pytest.mark.parametrize(
    ("who", "leads_to"),
    [
        ("ada", ["Documents", "Trash", "Limits", "Activity", "Agency visits"]),
        ("ed", ["Documents", "Trash", "Limits"]),
        ("vic", ["Documents", "Limits"]),
    ],
)
def test_the_head_leads_to_what_this_member_may_see_on_every_page(who, leads_to, acme, browse):
    folder, browser = new_folder(acme), browse(acme, who)
    pages = {"/": ["Documents"], "/limits": ["Limits"], f"/folders/{folder.pk}": []}
    for path, current in pages.items():
        assert ways(browser.get(path)) == (leads_to, current)


def test_a_refusal_still_says_who_is_signed_in(acme, browse):
    answer = browse(acme, "vic").get("/activity")
    assert answer.status_code == 403
    assert "Vic" in answer.content.decode()
    assert "Sign out" in answer.content.decode()


def test_a_stranger_is_led_nowhere(acme, browse):
    page = browse(acme, None).get("/accounts/login/").content.decode()
    assert ('class="ways"' in page, "Sign out" in page) == (False, False)
