"""A session belongs to one person on one host, and is worthless on another."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client
from django.utils import timezone

from tenants.binding import bind_agency, bind_tenant, connection
from tenants.errors import BindingDisagrees, NoTenantBound
from tenants.people.models import Membership, Person, Session
from tenants.people.sessions import SessionStore
from tests.conftest import browser_at, new_session
from tests.tenants.people.conftest import is_signed_in, sign_in

pytestmark = pytest.mark.django_db

SESSION = settings.SESSION_COOKIE_NAME
CSRF = settings.CSRF_COOKIE_NAME


@pytest.fixture
def at_acme(acme, globex, people):
    """Max's browser, signed in on acme's host."""
    client = browser_at("acme.example")
    sign_in(client, "max@freelance.example")
    return client


def key_of(client: Client) -> str:
    return str(client.cookies[SESSION].value)


# --- one host


def test_a_session_row_says_whose_and_where(acme, people, at_acme):
    row = Session.objects.get(session_key=key_of(at_acme))
    assert (row.person, row.tenant) == (people["max"], acme)


def test_a_session_at_the_agency_is_no_tenants(people, acme):
    client = browser_at(settings.AGENCY_HOST)
    sign_in(client, "olga@agency.example")
    row = Session.objects.get(session_key=key_of(client))
    assert (row.person, row.tenant) == (people["olga"], None)


@pytest.mark.parametrize("host", ["globex.example", settings.AGENCY_HOST])
def test_a_session_is_worthless_on_another_host_also_for_a_member_of_both(host, at_acme):
    assert is_signed_in(at_acme)
    assert not is_signed_in(browser_at(host, key_of(at_acme)))


def test_a_session_of_the_agency_is_worthless_on_a_tenants_host(people, acme):
    Membership.objects.create(person=people["olga"], tenant=acme, role="admin")
    key = new_session(people["olga"], None)
    assert is_signed_in(browser_at(settings.AGENCY_HOST, key))
    assert not is_signed_in(browser_at("acme.example", key))


def test_a_member_of_both_has_a_session_on_each(at_acme, people):
    at_globex = browser_at("globex.example")
    sign_in(at_globex, "max@freelance.example")
    assert is_signed_in(at_acme)
    assert is_signed_in(at_globex)
    assert key_of(at_acme) != key_of(at_globex)


def test_signing_out_on_one_host_leaves_the_session_on_the_other(at_acme, people, globex):
    at_globex = browser_at("globex.example", new_session(people["max"], globex))
    at_acme.post("/accounts/logout/")
    assert (is_signed_in(at_acme), is_signed_in(at_globex)) == (False, True)


@pytest.mark.parametrize("path", ["/accounts/logout/", "/accounts/login/", "/upload"])
def test_a_session_is_not_ended_or_changed_from_another_host(path, at_acme):
    before = Session.objects.filter(session_key=key_of(at_acme)).values().get()
    stranger = browser_at("globex.example", key_of(at_acme))
    stranger.post(path, {"login": "eve@globex.example", "password": "wrong"})
    assert Session.objects.filter(session_key=key_of(at_acme)).values().get() == before
    assert is_signed_in(at_acme)


def test_signing_in_on_a_host_with_anothers_session_takes_a_new_key(at_acme, globex):
    at_globex = browser_at("globex.example", key_of(at_acme))
    sign_in(at_globex, "max@freelance.example")
    assert key_of(at_globex) != key_of(at_acme)
    assert is_signed_in(at_acme)


# --- the engine by itself


def test_a_store_finds_nothing_of_another_host(acme, globex, people):
    key = new_session(people["max"], acme)
    with bind_tenant(globex):
        assert dict(SessionStore(key).items()) == {}
    with bind_agency():
        assert dict(SessionStore(key).items()) == {}


def test_a_store_on_another_host_writes_to_a_new_key(acme, globex, people):
    key = new_session(people["max"], acme)
    with bind_tenant(globex):
        store = SessionStore(key)
        store["note"] = "globex's"
        store.save()
    assert store.session_key != key
    with bind_tenant(acme):
        assert "note" not in SessionStore(key)


@pytest.mark.parametrize(
    "end", [SessionStore.delete, SessionStore.flush, lambda store: store.delete(store.session_key)]
)
def test_a_store_on_another_host_ends_nothing(end, acme, globex, people):
    key = new_session(people["max"], acme)
    with bind_tenant(globex):
        end(SessionStore(key))
    assert Session.objects.filter(session_key=key).exists()


def test_a_store_on_another_host_overwrites_nothing(acme, globex, people):
    key = new_session(people["max"], acme)
    with bind_tenant(globex), pytest.raises(UpdateError):
        SessionStore(key).save()
    assert Session.objects.get(session_key=key).tenant == acme


def test_an_unbound_store_reads_nothing(acme, people):
    with pytest.raises(NoTenantBound):
        SessionStore(new_session(people["ada"], acme)).load()


def test_a_store_whose_connection_points_elsewhere_reads_nothing(acme, globex, people):
    key = new_session(people["ada"], acme)
    with bind_tenant(acme):
        connection.set_tenant(globex)
        with pytest.raises(BindingDisagrees):
            SessionStore(key).load()


# --- it ends


def test_signing_out_ends_the_sessions_row(at_acme):
    key = key_of(at_acme)
    assert at_acme.get("/accounts/logout/").status_code == 200
    assert is_signed_in(at_acme)
    assert at_acme.post("/accounts/logout/").status_code == 302
    assert not Session.objects.filter(session_key=key).exists()
    assert not is_signed_in(browser_at("acme.example", key))


def test_an_expired_session_is_worthless(at_acme):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_signed_in(at_acme)


def test_a_session_lives_two_weeks_at_most(at_acme):
    left = Session.objects.get(session_key=key_of(at_acme)).expire_date - timezone.now()
    assert timedelta(days=13) < left <= timedelta(days=14)


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "!"}, {"password": ""}])
def test_a_session_ends_with_what_it_was_opened_with(change, at_acme, people):
    Person.objects.filter(pk=people["max"].pk).update(**change)
    assert not is_signed_in(at_acme)


def test_a_session_ends_with_the_membership_and_counts_again_with_it(at_acme, acme, people):
    Membership.objects.filter(person=people["max"], tenant=acme).delete()
    assert not is_signed_in(at_acme)
    Membership.objects.create(person=people["max"], tenant=acme, role="viewer")
    assert is_signed_in(at_acme)


def test_a_new_role_counts_from_the_next_request_on(at_acme, acme, people):
    assert b"Upload" in at_acme.get("/").content
    Membership.objects.filter(person=people["max"], tenant=acme).update(role="viewer")
    assert b"Upload" not in at_acme.get("/").content


def test_a_rotated_secret_key_signs_nobody_out(at_acme, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    assert is_signed_in(at_acme)


def test_a_session_needs_a_former_secret_key_once(at_acme, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    assert is_signed_in(at_acme)
    settings.SECRET_KEY_FALLBACKS = []
    assert is_signed_in(at_acme)


def test_another_secret_key_signs_everybody_out(at_acme, settings):
    settings.SECRET_KEY = "new" * 20
    assert not is_signed_in(at_acme)


# --- cookies


@pytest.mark.parametrize(("name", "http_only"), [("__Host-session", True), ("__Host-csrf", "")])
def test_cookies_belong_to_one_host_and_travel_over_https_only(name, http_only, at_acme):
    at_acme.get("/accounts/password/change/")
    cookie = at_acme.cookies[name]
    assert (cookie["secure"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert (cookie["domain"], cookie["httponly"]) == ("", http_only)


def test_there_are_no_other_cookies(at_acme):
    at_acme.get("/")
    assert set(at_acme.cookies) == {SESSION, CSRF} == {"__Host-session", "__Host-csrf"}


def test_a_stranger_who_only_looks_gets_no_session(acme):
    client = browser_at("acme.example")
    client.get("/")
    client.get("/accounts/login/")
    assert SESSION not in client.cookies
    assert not Session.objects.exists()


@pytest.mark.parametrize("key", ["", "x", "0" * 32, "a" * 500, "ü", "' OR 1=1 --", "\x00" * 32])
def test_a_made_up_session_key_is_nobodys(key, acme, people):
    client = browser_at("acme.example", key)
    assert not is_signed_in(client)
    sign_in(client, "ada@acme.example")
    assert key_of(client) != key
    assert is_signed_in(client)
