"""Guessing passwords is slow: tries are counted by person and by address, over all hosts together."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client, RequestFactory

from tenants.models import CacheEntry
from tenants.people.adapter import UNKNOWN_ADDRESS, AccountAdapter
from tests.conftest import PASSWORD, browser_at
from tests.tenants.people.conftest import LOGIN, is_signed_in, page_of, sign_in

pytestmark = pytest.mark.django_db

ACME = "acme.example"
ADA = "ada@acme.example"
SPELLINGS = (
    "acme.example",
    "ACME.example",
    "acme.example.",
    "acme.example:8000",
    "globex.example",
    settings.AGENCY_HOST,
)
BY_PERSON, BY_ADDRESS = 5, 10


@pytest.fixture(autouse=True)
def _everybody(acme, globex, people):
    """The cast is there in every test of this file."""


def guess(times: int, *, email: str = "", host: str = ACME, **given: Any) -> None:
    """Try wrong passwords: for one person, or each time for another."""
    for number in range(times):
        sign_in(
            browser_at(host), email or f"stranger{number}@{host.strip('.:0')}", "wrong", **given
        )


def may_sign_in(email: str = ADA, host: str = ACME, **given: Any) -> bool:
    client = browser_at(host)
    sign_in(client, email, **given)
    return is_signed_in(client)


def through(*addresses: str) -> dict[str, Any]:
    """Return the header that proxies write: each adds the address that it sees to the end."""
    return {"headers": {"x-forwarded-for": ", ".join(addresses)}}


# --- by person


def test_after_five_wrong_tries_the_right_password_does_not_help_either():
    guess(BY_PERSON - 1, email=ADA)
    assert may_sign_in()
    guess(1, email=ADA)
    assert not may_sign_in()


def test_tries_for_one_person_lock_out_nobody_else():
    guess(BY_PERSON, email=ADA)
    assert may_sign_in("vic@acme.example")


def test_tries_are_counted_over_all_hosts_and_their_spellings():
    for host in SPELLINGS[:BY_PERSON]:
        guess(1, email=ADA, host=host)
    assert [may_sign_in(host=host) for host in SPELLINGS[:4]] == [False] * 4


@pytest.mark.parametrize("spelling", ["ADA@ACME.EXAMPLE", " ada@acme.example ", "Ada@Acme.example"])
def test_tries_are_counted_over_the_spellings_of_an_address(spelling):
    guess(BY_PERSON, email=spelling)
    assert not may_sign_in()


def test_one_address_does_not_lock_a_person_out_everywhere():
    guess(BY_PERSON, email=ADA, **through("10.0.0.1"))
    assert not may_sign_in(**through("10.0.0.1"))
    assert may_sign_in(**through("10.1.1.1"))


def test_tries_from_many_addresses_are_counted_together(settings):
    assert settings.ACCOUNT_RATE_LIMITS["login_failed_person"] == "100/h/key"
    # A try costs a quarter of a second on purpose, so a hundred of them are made six.
    settings.ACCOUNT_RATE_LIMITS = {
        **settings.ACCOUNT_RATE_LIMITS,
        "login_failed_person": "6/h/key",
    }
    for number in range(5):
        guess(1, email=ADA, **through(f"10.0.0.{number}"))
    assert may_sign_in(**through("10.1.1.1"))
    guess(1, email=ADA, **through("10.0.0.6"))
    assert not may_sign_in(**through("10.1.1.2"))
    assert may_sign_in("vic@acme.example", **through("10.1.1.2"))


def test_the_throttle_tells_nobody_who_is_known():
    guess(BY_PERSON, email=ADA)
    guess(BY_PERSON, email="nobody@acme.example")
    refusals = {email: sign_in(browser_at(ACME), email) for email in (ADA, "nobody@acme.example")}
    pages = [page_of(answer, email) for email, answer in refusals.items()]
    assert pages[0] == pages[1]
    assert "Too many" in pages[0][2]


def test_signing_in_rightly_is_never_throttled():
    assert all(may_sign_in() for _ in range(BY_ADDRESS + 1))


# --- by address


def test_after_ten_wrong_tries_an_address_tries_no_more():
    guess(BY_ADDRESS)
    assert not may_sign_in()
    assert may_sign_in(REMOTE_ADDR="10.0.0.9")


def test_an_address_is_counted_over_all_hosts():
    for host in (ACME, "globex.example"):
        guess(BY_ADDRESS // 2, host=host)
    assert not may_sign_in()
    assert not may_sign_in("olga@agency.example", settings.AGENCY_HOST)


def sent(client: Client, times: int) -> list[int]:
    return [client.post(LOGIN, {}).status_code for _ in range(times)]


def test_an_address_sends_thirty_forms_a_minute_over_all_hosts():
    assert set(sent(browser_at(ACME), 15) + sent(browser_at("globex.example"), 15)) == {200}
    for host in (ACME, "globex.example", settings.AGENCY_HOST):
        answer = browser_at(host).post(LOGIN, {})
        assert (answer.status_code, b"Too many tries" in answer.content) == (429, True)
    assert browser_at(ACME).get(LOGIN).status_code == 200


# --- whose address it is


def counted(settings, proxies: int, forwarded: str | None, connection: str = "192.0.2.1") -> str:
    """Return the address that a request counts by."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    return AccountAdapter().get_client_ip(
        RequestFactory().post(LOGIN, headers=headers, REMOTE_ADDR=connection)
    )


@pytest.mark.parametrize(("proxies", "forwarded"), [
    (1, "203.0.113.9"), (1, "10.0.0.1, 203.0.113.9"), (1, "10.0.0.1,10.0.0.2,203.0.113.9"), (1, "junk, 203.0.113.9"),
    (1, "203.0.113.9:4711"), (1, " 203.0.113.9 "), (2, "203.0.113.9, 10.9.9.9"), (2, "10.0.0.1, 203.0.113.9, 10.9.9.9"),
])  # fmt: skip
def test_the_address_that_our_outermost_proxy_wrote_counts(proxies, forwarded, settings):
    assert counted(settings, proxies, forwarded) == "203.0.113.9"


@pytest.mark.parametrize(("proxies", "forwarded"), [
    (0, "203.0.113.9"), (0, None), (1, None), (1, ""), (1, " "), (1, "203.0.113.9,"), (1, "unknown"), (1, "_hidden"),
    (1, "203.0.113.9, 1.2.3.4.5"), (1, "x" * 5000), (1, "::1::"), (1, "ü"), (2, "203.0.113.9"), (2, ""),
    (2, "junk, 203.0.113.9"), (9, "203.0.113.9, 10.0.0.1"),
])  # fmt: skip
def test_otherwise_the_connections_address_counts(proxies, forwarded, settings):
    assert counted(settings, proxies, forwarded) == "192.0.2.1"


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_who_comes_by_a_socket_without_an_address_counts_as_unknown(proxies, settings):
    assert counted(settings, proxies, None, connection="") == UNKNOWN_ADDRESS


def test_a_forged_address_before_the_proxys_does_not_help():
    for number in range(BY_ADDRESS):
        guess(1, email=f"{number}@x.example", **through(f"10.0.0.{number}", "203.0.113.9"))
    assert not may_sign_in(**through("198.51.100.1", "203.0.113.9"))
    assert may_sign_in(**through("203.0.113.9", "198.51.100.1"))


@pytest.mark.parametrize("written", ["unknown", "10.0.0.1,"])
def test_a_strange_address_keeps_nobody_from_signing_in(written):
    assert may_sign_in(**through(written))


def test_who_comes_by_a_socket_without_an_address_may_sign_in_too():
    assert may_sign_in(REMOTE_ADDR="")


def test_tries_are_counted_without_address_and_password():
    guess(1, email=ADA)
    kept = str(list(CacheEntry.objects.values_list("cache_key", "value")))
    assert "login_failed" in kept
    assert not [secret for secret in (ADA, "ada", PASSWORD, "wrong") if secret in kept]
