"""Which tenant a host leads to: one form of every host, and answers that are remembered, but not for long."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from tenants import domains
from tenants.binding import bind_tenant
from tenants.domains import CACHE_SECONDS, MAX_UNKNOWN, find_tenant_by_host, host_cache
from tenants.errors import HostRefused
from tenants.host_names import normalize_host
from tenants.models import Domain, Tenant
from tenants.provisioning import (
    activate_domain,
    add_domain,
    remove_domain,
    rename_tenant,
    suspend_tenant,
)

LONGEST = "a." * 122 + "b.example"


# --- one form of every host


@pytest.mark.parametrize(("raw", "host"), [
    ("acme.example", "acme.example"), ("ACME.Example", "acme.example"), ("acme.example.", "acme.example"),
    ("acme.example:8000", "acme.example"), ("ACME.EXAMPLE.:443", "acme.example"), ("localhost", "localhost"),
    ("127.0.0.1:80", "127.0.0.1"), ("a-b--c.example", "a-b--c.example"), ("www.acme.example", "www.acme.example"),
    ("bücher.example", "xn--bcher-kva.example"), ("BÜCHER.Example", "xn--bcher-kva.example"),
    ("bu\u0308cher.example:80", "xn--bcher-kva.example"), ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
    ("straße.example", "xn--strae-oqa.example"), ("ａcme.example", "acme.example"),
    ("acme。example", "acme.example"), ("acme.example。", "acme.example"),
    ("\u212a.example", "k.example"), ("ac\u00adme.example", "acme.example"), (LONGEST, LONGEST),
    ("[::1]", "[::1]"), ("[::1]:8000", "[::1]"), ("[2001:DB8:0:0::1]", "[2001:db8::1]"), ("[::0:1]:80", "[::1]"),
])  # fmt: skip
def test_a_host_has_one_form(raw, host):
    assert normalize_host(raw) == host


@pytest.mark.parametrize("raw", [
    "", " ", ".", "..", ":", ":80", "acme.example..", ".acme.example", "acme..example", "acme.example.。", "。",
    " acme.example", "acme.example ", "acme example", "acme.example\n", "acme.example\r\nX: y", "acme.example\x00",
    "acme\x00.example", "acme_x.example", "-acme.example", "acme-.example", "acme.example:", "acme.example:x",
    "acme.example:-1", "acme.example:80:80", "acme.example:８０", "acme.example：80", "acme.example/x",
    "acme.example?x", "acme.example#x", "user@acme.example", "*.acme.example", "acme%2eexample", "acme,globex",
    "a" * 64 + ".example", "a" + LONGEST, f"{'ü' * 60}.example", "xn--.example", "xn--ü.example", "xn--acme-.example",
    "\ud800.example", "a\u200db.example", "☃.example", "::1", "[", "[]", "[::1", "[::1]x", "[::1]:", "[::1]:x",
    "[[::1]]", "[acme.example]", "[127.0.0.1]", "[::1%lo]", "[fe80::1%eth0]:80", "[::1%\x00]", "[::1%/../x]", "[:::1]",
])  # fmt: skip
def test_what_is_no_host_is_refused(raw):
    with pytest.raises(HostRefused):
        normalize_host(raw)


HOSTLIKE = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="aZ0.-_:[]% éß。．\u200d\u00ad\x00", max_size=20),
    st.text(alphabet="0123456789abcdef:[]%", max_size=20).map(lambda text: f"[{text}]"),
)  # fmt: skip


@given_settings(deadline=None, max_examples=400)
@given(HOSTLIKE)
@example("acme.example..")
@example("acme.example。.")
def test_a_normalised_host_is_refused_or_stays_as_it_is(raw):
    try:
        host = normalize_host(raw)
    except HostRefused:
        return
    assert normalize_host(host) == host
    assert set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-:[]")
    assert 0 < len(host) <= 253


# --- where it leads


def asked(find: Callable[[], Tenant | None]) -> tuple[Tenant | None, int]:
    """Return what was found, and with how many queries."""
    with CaptureQueriesContext(connection) as queries:
        found = find()
    return found, sum("SET search_path" not in query["sql"] for query in queries)


@pytest.mark.parametrize("raw", ["acme.example", "ACME.example.:8000", "Acme.Example."])
def test_every_spelling_of_a_host_leads_to_its_tenant(raw, acme, globex):
    assert find_tenant_by_host(raw) == acme


@pytest.mark.parametrize("raw", [
    "acme.example.evil.com", "evil.acme.example", "evilacme.example", "acme.example@globex.example", "acme", "example",
    "www.acme.example", "acme.example, globex.example", "acme.example\x00", "[::1%\x00]", "", "t_0123456789abcdef",
    "acme.example globex.example", "globex.example/acme.example", "127.0.0.1",
])  # fmt: skip
def test_a_host_that_is_nobodys_leads_nowhere(raw, acme, globex):
    assert find_tenant_by_host(raw) is None


def test_a_pending_domain_leads_nowhere(acme, globex):
    add_domain(globex, "pending.example")
    assert find_tenant_by_host("pending.example") is None


def test_a_domain_in_many_scripts_is_stored_in_one_form(acme, globex):
    assert add_domain(globex, "BÜCHER.example", active=True).domain == "xn--bcher-kva.example"
    assert (
        find_tenant_by_host("bücher.EXAMPLE.")
        == find_tenant_by_host("xn--bcher-kva.example")
        == globex
    )


# --- remembered, but not for long


def test_a_second_look_asks_no_database(acme, globex):
    assert asked(lambda: find_tenant_by_host("acme.example")) == (acme, 1)
    assert asked(lambda: find_tenant_by_host("ACME.example.")) == (acme, 0)


def test_nobodys_host_asks_no_database_again_either(acme):
    assert asked(lambda: find_tenant_by_host("nobody.example")) == (None, 1)
    assert asked(lambda: find_tenant_by_host("nobody.example")) == (None, 0)


@pytest.mark.parametrize("raw", ["acme_x.example", "", "[::1%lo]", "a" * 300])
def test_what_is_no_host_asks_no_database(raw, acme):
    assert asked(lambda: find_tenant_by_host(raw)) == (None, 0)
    assert len(host_cache) == 0


def test_one_tenants_answer_is_never_given_for_anothers_host(acme, globex):
    found = [find_tenant_by_host(host) for host in ("acme.example", "globex.example") * 2]
    assert found == [acme, globex] * 2


def test_answers_are_forgotten_within_ten_seconds():
    assert 0 < CACHE_SECONDS <= 10


@pytest.mark.parametrize("host", ["acme.example", "nobody.example"])
def test_an_old_answer_is_asked_for_again(host, acme, monkeypatch):
    monkeypatch.setattr(domains, "CACHE_SECONDS", 0.0)
    find_tenant_by_host(host)
    assert asked(lambda: find_tenant_by_host(host))[1] == 1


def test_what_another_process_changed_shows_once_the_answer_is_old(acme, globex, monkeypatch):
    monkeypatch.setattr(domains, "CACHE_SECONDS", 0.0)
    assert find_tenant_by_host("acme.example") == acme
    Domain.objects.filter(domain="acme.example").update(tenant=globex, is_primary=False)
    assert find_tenant_by_host("acme.example") == globex


def test_strangers_hosts_neither_fill_the_memory_nor_push_out_known_ones(acme, monkeypatch):
    monkeypatch.setattr(domains, "MAX_UNKNOWN", MAX_UNKNOWN // 20)
    find_tenant_by_host("acme.example")
    for number in range(10_000 // 20):
        find_tenant_by_host(f"{number}.stranger.example")
    assert len(host_cache) == 1 + MAX_UNKNOWN // 20
    assert asked(lambda: find_tenant_by_host("acme.example")) == (acme, 0)


def test_known_hosts_are_bounded_too(acme, globex, monkeypatch):
    monkeypatch.setattr(domains, "MAX_KNOWN", 1)
    assert (
        find_tenant_by_host("acme.example"),
        find_tenant_by_host("globex.example"),
        len(host_cache),
    ) == (acme, globex, 1)


# --- a change in this process is seen at once


def test_a_new_domain_leads_to_its_tenant_at_once(acme, globex):
    assert find_tenant_by_host("new.example") is None
    add_domain(globex, "new.example", active=True)
    assert find_tenant_by_host("new.example") == globex


def test_an_activated_domain_leads_to_its_tenant_at_once(globex):
    add_domain(globex, "new.example")
    assert find_tenant_by_host("new.example") is None
    activate_domain(globex, "new.example")
    assert find_tenant_by_host("new.example") == globex


def test_a_removed_domain_leads_nowhere_at_once(globex):
    add_domain(globex, "old.example", active=True)
    assert find_tenant_by_host("old.example") == globex
    remove_domain(globex, "old.example")
    assert find_tenant_by_host("old.example") is None


def test_a_suspended_or_renamed_tenant_is_known_as_such_at_once(acme):
    known = find_tenant_by_host("acme.example")
    assert known
    assert known.is_served
    suspend_tenant(acme)
    rename_tenant(acme, "Acme & Sons")
    known = find_tenant_by_host("acme.example")
    assert known
    assert (known.is_served, known.name) == (False, "Acme & Sons")


def test_an_answer_from_before_a_change_is_not_remembered_after_it(acme):
    def suspend_meanwhile(execute, *arguments):
        answer = execute(*arguments)
        host_cache.forget()
        return answer

    with connection.execute_wrapper(suspend_meanwhile):
        find_tenant_by_host("acme.example")
    assert asked(lambda: find_tenant_by_host("acme.example")) == (acme, 1)


def test_a_lookup_while_a_tenant_is_bound_finds_any_host(acme, globex):
    with bind_tenant(acme):
        assert find_tenant_by_host("globex.example") == globex
