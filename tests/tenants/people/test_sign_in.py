"""Signing in and out by the real pages: for who belongs to the host, and telling everybody else nothing."""

import pytest
from allauth.account import urls as allauth_urls
from django.conf import settings
from django.contrib.auth import authenticate
from django.test import Client, RequestFactory

from tenants.binding import bind_tenant
from tenants.errors import NoTenantBound
from tenants.people import urls as our_urls
from tenants.people.models import Person, Session
from tests.conftest import PASSWORD, browser_at, new_session
from tests.tenants.people.conftest import LOGIN, is_signed_in, page_of, sign_in

pytestmark = pytest.mark.django_db

AGENCY_HOST = settings.AGENCY_HOST
ACME = "acme.example"


@pytest.fixture(autouse=True)
def _everybody(acme, globex, people):
    """The cast is there in every test of this file."""


# --- who may


@pytest.mark.parametrize(("email", "host"), [
    ("ada@acme.example", ACME), ("vic@acme.example", ACME), ("eve@globex.example", "globex.example"),
    ("max@freelance.example", ACME), ("max@freelance.example", "globex.example"), ("olga@agency.example", AGENCY_HOST),
    ("fiona@agency.example", AGENCY_HOST), ("ADA@Acme.Example", ACME), (" ada@acme.example ", "ACME.example.:8000"),
])  # fmt: skip
def test_who_belongs_to_a_host_signs_in_there(email, host):
    client = browser_at(host)
    assert not is_signed_in(client)
    answer = sign_in(client, email)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert is_signed_in(client)


REFUSED = {
    "a wrong password": ("ada@acme.example", "wrong horse battery staple", ACME),
    "the right password on another tenant's host": ("ada@acme.example", PASSWORD, "globex.example"),
    "the right password on the agency's host": ("ada@acme.example", PASSWORD, AGENCY_HOST),
    "the agency's right password on a tenant's host": ("olga@agency.example", PASSWORD, ACME),
    "an inactive person's right password": ("ed@acme.example", PASSWORD, ACME),
    "an inactive person's wrong password": ("ed@acme.example", "wrong", ACME),
    "a person without a password": ("vic@acme.example", PASSWORD, ACME),
    "a person without a password, who sends its mark": ("vic@acme.example", "!", ACME),
}


@pytest.fixture
def _ed_left_and_vic_is_new():
    Person.objects.filter(email="ed@acme.example").update(is_active=False)
    Person.objects.filter(email="vic@acme.example").update(password="!unusable")


@pytest.mark.usefixtures("_ed_left_and_vic_is_new")
@pytest.mark.parametrize(
    "ajax", [{}, {"x-requested-with": "XMLHttpRequest"}], ids=["a page", "by script"]
)
@pytest.mark.parametrize("why", REFUSED)
def test_every_refusal_looks_like_an_unknown_address(why, ajax):
    email, password, host = REFUSED[why]
    refused = sign_in(browser_at(host), email, password, headers=ajax)
    unknown = sign_in(browser_at(host), "nobody@acme.example", PASSWORD, headers=ajax)
    assert page_of(refused, email) == page_of(unknown, "nobody@acme.example")
    assert not refused.cookies.get(settings.SESSION_COOKIE_NAME)
    assert not Session.objects.exists()


def test_a_script_is_answered_like_a_browser():
    for path in (LOGIN, "/accounts/password/reset/"):
        for header in ({"x-requested-with": "XMLHttpRequest"}, {"accept": "application/json"}):
            answer = browser_at(ACME).post(path, {"password": PASSWORD}, headers=header)
            assert (answer.headers["Content-Type"], PASSWORD in answer.content.decode()) == (
                "text/html; charset=utf-8",
                False,
            )


@pytest.mark.parametrize(
    "email", ["vıc@acme.example", "v\u0130c@acme.example", "vic@acme.example\x00", "%", "vic@acme%"]
)
def test_only_the_address_itself_signs_in(email):
    client = browser_at(ACME)
    sign_in(client, email)
    assert not is_signed_in(client)


def test_the_backend_by_itself_lets_nobody_in_elsewhere(acme, globex, people):
    request = RequestFactory().post(LOGIN)
    ada = {"email": "ada@acme.example", "password": PASSWORD}
    with bind_tenant(acme):
        assert authenticate(request, **ada) == people["ada"]
    with bind_tenant(globex):
        assert authenticate(request, **ada) is None
    with pytest.raises(NoTenantBound):
        authenticate(request, **ada)


def test_a_form_without_its_token_signs_nobody_in():
    client = Client(headers={"host": ACME, "x-forwarded-proto": "https"}, enforce_csrf_checks=True)
    assert sign_in(client, "ada@acme.example").status_code == 403
    assert not is_signed_in(client)


def test_a_form_from_a_neighbours_host_signs_nobody_in():
    client = Client(headers={"host": ACME, "x-forwarded-proto": "https"}, enforce_csrf_checks=True)
    client.get(LOGIN)
    token = {"csrfmiddlewaretoken": client.cookies["__Host-csrf"].value}
    answers = {
        origin: sign_in(
            client, "ada@acme.example", more=token, headers={"origin": f"https://{origin}"}
        ).status_code
        for origin in ("globex.example", "evil.example", "acme.example.evil.example", ACME)
    }
    assert list(answers.values()) == [403, 403, 403, 302]


def test_a_session_key_from_before_signing_in_is_not_kept(acme, people):
    for known in ("a" * 32, new_session(people["vic"], acme)):
        client = browser_at(ACME, known)
        client.post("/accounts/logout/")
        client.cookies[settings.SESSION_COOKIE_NAME] = known
        sign_in(client, "ada@acme.example")
        assert client.cookies[settings.SESSION_COOKIE_NAME].value != known


def test_who_is_signed_in_is_led_on(acme, people):
    client = browser_at(ACME, new_session(people["ada"], acme))
    assert client.get(LOGIN).headers["Location"] == "/"


# --- where it leads


@pytest.mark.parametrize("way", [
    "https://evil.example/", "https://globex.example/", "//evil.example", "///evil.example", "/\\evil.example",
    "\\\\evil.example", "http:///evil.example", "https:evil.example", "https://acme.example@evil.example/",
    "https://acme.example.evil.example/", "javascript:alert(1)", "\thttps://evil.example", "data:text/html,x",
    "https://acme.example\\@evil.example", "ftp://acme.example/", "https://evil.example#acme.example",
    "https://*/", "https://[::1", "evil.example:443",
])  # fmt: skip
@pytest.mark.parametrize("path", [LOGIN, "/accounts/logout/"])
def test_the_way_on_never_leads_to_another_host(way, path):
    client = browser_at(ACME)
    answer = client.post(path, {"login": "ada@acme.example", "password": PASSWORD, "next": way})
    location = answer.headers["Location"]
    assert location == "/" or (location == way and leads_nowhere_else(way))


def leads_nowhere_else(way: str) -> bool:
    """Return whether a browser on https://acme.example reads it as a path of this host."""
    return ":" not in way and not way.startswith(("/", "\\", "\t"))


def test_a_path_of_this_host_is_where_it_leads():
    answer = sign_in(browser_at(ACME), "ada@acme.example", more={"next": "/d/x?y=1"})
    assert answer.headers["Location"] == "/d/x?y=1"


# --- what is not there


def test_nothing_else_of_allauth_is_reachable():
    ours = {str(route.pattern) for route in our_urls.urlpatterns}
    theirs = {str(route.pattern) for route in allauth_urls.urlpatterns} - ours
    assert {"signup/", "email/", "reauthenticate/"} <= theirs
    for host in (ACME, AGENCY_HOST):
        for path in theirs - {r"^confirm-email/(?P<key>[-:\w]+)/$"} | {
            "confirm-email/x/",
            "3rdparty/",
            "social/login/",
        }:
            assert browser_at(host).get(f"/accounts/{path}").status_code == 404, path


def test_nobody_signs_up():
    before = Person.objects.count()
    for path in ("/accounts/signup/", LOGIN):
        browser_at(ACME).post(
            path, {"email": "new@acme.example", "password1": PASSWORD, "password2": PASSWORD}
        )
    assert Person.objects.count() == before


# --- a new password, by who knows the old one


def change_password(client: Client, old: str, new: str) -> int:
    given = {"oldpassword": old, "password1": new, "password2": new}
    return client.post("/accounts/password/change/", given).status_code


def test_a_password_is_changed_and_the_person_stays_signed_in_here(acme, people):
    client = browser_at(ACME, new_session(people["ada"], acme))
    assert client.get("/accounts/password/change/").status_code == 200
    assert change_password(client, PASSWORD, "a new long phrase") == 302
    assert is_signed_in(client)
    assert sign_in(browser_at(ACME), "ada@acme.example").status_code == 200
    assert sign_in(browser_at(ACME), "ada@acme.example", "a new long phrase").status_code == 302


def test_a_changed_password_ends_the_sessions_on_every_other_host(acme, globex, people):
    here, there = (
        browser_at(f"{t.location_prefix[:-1]}.example", new_session(people["max"], t))
        for t in (acme, globex)
    )
    elsewhere = browser_at(ACME, new_session(people["max"], acme))
    change_password(here, PASSWORD, "a new long phrase")
    assert [is_signed_in(client) for client in (here, there, elsewhere)] == [True, False, False]


@pytest.mark.parametrize(("old", "new"), [
    ("wrong", "a new long phrase"), (PASSWORD, "short"), (PASSWORD, "password123"), (PASSWORD, "ada@acme.example"),
    ("", "a new long phrase"),
])  # fmt: skip
def test_a_password_is_not_changed_without_the_old_one_or_for_a_bad_one(old, new, acme, people):
    client = browser_at(ACME, new_session(people["ada"], acme))
    assert change_password(client, old, new) == 200
    assert Person.objects.get(email="ada@acme.example").check_password(PASSWORD)


def test_a_stranger_changes_no_password(globex, people):
    for client in (browser_at(ACME), browser_at(ACME, new_session(people["eve"], globex))):
        assert change_password(client, PASSWORD, "a new long phrase") == 302
        assert client.get("/accounts/password/change/").headers["Location"].startswith(LOGIN)
    assert Person.objects.get(email="eve@globex.example").check_password(PASSWORD)
