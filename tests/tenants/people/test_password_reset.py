"""A forgotten password: a link by mail to who belongs here, and the same page for everybody."""

import re
from typing import Any

import pytest
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core import mail
from django.test import Client

from tenants.domains import find_tenant_by_host
from tenants.people.models import Person
from tests.conftest import PASSWORD, browser_at, new_session
from tests.mailing import send_mail_of
from tests.tenants.people.conftest import is_signed_in, page_of, sign_in

pytestmark = pytest.mark.django_db

RESET = "/accounts/password/reset/"
ACME = "acme.example"
NEW = "a new long phrase"
LINK = re.compile(r"https://([^/\s]+)(/accounts/password/reset/key/\S+)")


@pytest.fixture(autouse=True)
def _everybody(acme, globex, people):
    """The cast is there in every test of this file."""


def asked(email: str, host: str = ACME, **given: Any) -> Any:
    """Return what the page says after an address was given; by then its mail has been sent."""
    answer = browser_at(host).post(RESET, {"email": email}, follow=True, **given)
    send_mail_of(find_tenant_by_host(host))
    return answer


def link_in_mail() -> tuple[str, str]:
    """Return host and path of the link in the only mail."""
    assert len(mail.outbox) == 1
    found = LINK.search(str(mail.outbox[0].body))
    assert found
    return found[1], found[2]


def set_password(client: Client, path: str, password: str = NEW) -> Any:
    """Follow the link and fill in the form behind it."""
    page = client.get(path, follow=True)
    action = re.search(r'action="([^"]*/reset/key/[^"]*)"', page.content.decode())
    given = {"password1": password, "password2": password}
    return client.post(action[1], given) if action else page


# --- the mail


@pytest.mark.parametrize(("email", "host"), [
    ("ada@acme.example", ACME), ("ADA@Acme.example", ACME), ("max@freelance.example", "globex.example"),
    ("olga@agency.example", settings.AGENCY_HOST),
])  # fmt: skip
def test_who_belongs_to_a_host_gets_a_link_to_it(email, host):
    asked(email, host)
    assert mail.outbox[0].to == [email.lower()]
    assert link_in_mail()[0] == host


STRANGERS = {
    "an unknown address": ("nobody@acme.example", ACME),
    "another tenant's member": ("eve@globex.example", ACME),
    "the agency's staff": ("olga@agency.example", ACME),
    "a tenant's member at the agency": ("ada@acme.example", settings.AGENCY_HOST),
    "who left": ("ed@acme.example", ACME),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_who_does_not_belong_gets_no_mail_and_the_page_is_the_same(who):
    Person.objects.filter(email="ed@acme.example").update(is_active=False)
    email, host = STRANGERS[who]
    page = page_of(asked(email, host))
    assert mail.outbox == []
    assert page == page_of(
        asked("vic@acme.example" if host == ACME else "olga@agency.example", host)
    )
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("email", [
    "", "nonsense", "ada@acme.example, eve@globex.example", "ada@acme.example\nbcc: x@x.example", "%",
    "x" * 400 + "@acme.example", "vıc@acme.example", "v\u0130c@acme.example",
])  # fmt: skip
def test_what_is_nobodys_address_gets_no_mail(email):
    assert asked(email).status_code == 200
    assert mail.outbox == []


@pytest.mark.parametrize("header", ["x-forwarded-host", "x-host", "forwarded", "origin", "referer"])
def test_no_header_leads_the_link_elsewhere(header):
    asked("ada@acme.example", headers={header: "https://evil.example/"})
    assert link_in_mail()[0] == ACME
    assert "evil" not in str(mail.outbox[0].message())


def test_an_unknown_host_sends_no_mail():
    assert asked("ada@acme.example", "evil.example").status_code == 404
    assert mail.outbox == []


def test_a_few_mails_a_minute_are_enough():
    answers = [
        asked("ada@acme.example", host).status_code
        for host in (ACME, "acme.example.", "ACME.example") * 3
    ]
    assert (set(answers[:5]), set(answers[5:]), len(mail.outbox)) == ({200}, {429}, 5)


# --- the link


def test_the_link_sets_a_new_password():
    asked("ada@acme.example")
    done = set_password(browser_at(ACME), link_in_mail()[1])
    assert done.headers["Location"] == "/accounts/password/reset/key/done/"
    assert sign_in(browser_at(ACME), "ada@acme.example").status_code == 200
    assert sign_in(browser_at(ACME), "ada@acme.example", NEW).status_code == 302


@pytest.mark.parametrize(("is_named", "status"), [(True, 302), (False, 200)])
def test_a_link_of_a_former_secret_key_counts_while_it_is_named(is_named, status, settings):
    asked("ada@acme.example")
    former, settings.SECRET_KEY = settings.SECRET_KEY, "new" * 20
    settings.SECRET_KEY_FALLBACKS = [former] if is_named else []
    set_password(browser_at(ACME), link_in_mail()[1])
    assert sign_in(browser_at(ACME), "ada@acme.example", NEW).status_code == status


def test_the_link_signs_nobody_in():
    asked("ada@acme.example")
    client = browser_at(ACME)
    set_password(client, link_in_mail()[1])
    assert not is_signed_in(client)


def test_a_person_without_a_password_sets_their_first():
    Person.objects.filter(email="vic@acme.example").update(password="!unusable")
    asked("vic@acme.example")
    set_password(browser_at(ACME), link_in_mail()[1])
    assert sign_in(browser_at(ACME), "vic@acme.example", NEW).status_code == 302


@pytest.mark.parametrize("host", [ACME, "globex.example", settings.AGENCY_HOST])
def test_the_link_works_once_whatever_the_host(host):
    asked("max@freelance.example")
    path = link_in_mail()[1]
    set_password(browser_at(ACME), path)
    again = set_password(browser_at(host), path, "yet another phrase")
    assert b"no longer works" in again.content
    assert Person.objects.get(email="max@freelance.example").check_password(NEW)


def test_a_link_dies_when_the_password_is_changed_or_the_person_signs_in():
    asked("ada@acme.example")
    sign_in(browser_at(ACME), "ada@acme.example")
    assert b"no longer works" in set_password(browser_at(ACME), link_in_mail()[1]).content


def test_a_link_lets_nobody_in_who_left_meanwhile():
    asked("ed@acme.example")
    Person.objects.filter(email="ed@acme.example").update(is_active=False)
    set_password(browser_at(ACME), link_in_mail()[1])
    assert sign_in(browser_at(ACME), "ed@acme.example", NEW).status_code == 200


def test_one_persons_key_sets_no_other_persons_password(people):
    asked("vic@acme.example")
    path, vic = link_in_mail()[1], user_pk_to_url_str(people["vic"])
    others = [person for person in people.values() if person != people["vic"]]
    for person in others:
        forged = path.replace(vic, user_pk_to_url_str(person))
        assert b"no longer works" in set_password(browser_at(ACME), forged).content
    assert all(Person.objects.get(pk=person.pk).check_password(PASSWORD) for person in others)


@pytest.mark.parametrize(
    "path",
    ["0-x", "zzzz-set-password", "x" * 300 + "-y", "1-%00", "%00-1", "aaa-" + "b" * 3000, "-"],
)
def test_a_made_up_link_is_a_dead_one(path):
    answer = browser_at(ACME).get(f"/accounts/password/reset/key/{path}/", follow=True)
    assert answer.status_code in {200, 404}
    assert b"password1" not in answer.content


@pytest.mark.parametrize("password", ["short", "password123", "ada@acme.example", "12345678"])
def test_the_new_password_must_be_a_good_one(password):
    asked("ada@acme.example")
    assert set_password(browser_at(ACME), link_in_mail()[1], password).status_code == 200
    assert Person.objects.get(email="ada@acme.example").check_password(PASSWORD)


def test_a_new_password_ends_every_session(acme, globex, people):
    sessions = [
        browser_at(f"{t.location_prefix[:-1]}.example", new_session(people["max"], t))
        for t in (acme, globex)
    ]
    asked("max@freelance.example")
    set_password(browser_at(ACME), link_in_mail()[1])
    assert [is_signed_in(client) for client in sessions] == [False, False]


def test_a_link_opened_by_somebody_else_signs_them_out_and_sets_only_its_own(acme, people):
    vics = browser_at(ACME, new_session(people["vic"], acme))
    asked("ada@acme.example")
    set_password(vics, link_in_mail()[1])
    assert Person.objects.get(email="ada@acme.example").check_password(NEW)
    assert Person.objects.get(email="vic@acme.example").check_password(PASSWORD)
    assert not is_signed_in(vics)


def test_the_key_is_in_no_page_behind_the_link():
    asked("ada@acme.example")
    path = link_in_mail()[1]
    page = browser_at(ACME).get(path, follow=True)
    assert page.request["PATH_INFO"].endswith("-set-password/")
    assert path.rpartition("-")[2].rstrip("/") not in page.content.decode()
