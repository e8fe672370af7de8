"""From host to tenant: every request is for one tenant, or the agency, or gets the plain 404."""

from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import connection as django_connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from tenants.binding import AGENCY, bound_tenant, connection, get_binding
from tenants.middleware import TenantMiddleware
from tenants.models import Domain, Tenant
from tenants.people.models import Session
from tenants.provisioning import add_domain, resume_tenant, suspend_tenant
from tests.conftest import Browse, Store, browser_at
from tests.tenants.conftest import nothing_is_bound

pytestmark = pytest.mark.django_db

NOTHING = b"There is nothing here.\n"
STRANGE_HOSTS = [
    "unknown.example", "acme.example.evil.com", "evil-acme.example", "example", "127.0.0.1", "[::1]:8000", "", " ",
    "acme.example,globex.example", "acme.example globex.example", "acme.example@globex.example", "acme_x.example",
    "acme.example\x00", "acme.example/", "a" * 300, "*", "..", "[::1%lo]", "acme.example:http", "ü",
]  # fmt: skip
PATHS = [
    "/",
    "/accounts/login/",
    "/static/gateway/gateway.css",
    "/admin/",
    "/upload",
    "/favicon.ico",
    "//",
    "/no/such",
]


def is_plain_not_found(answer: Any) -> bool:
    """Return whether the answer tells nothing: no page, no cookie, no way to anywhere."""
    return (
        (answer.status_code, answer.content) == (404, NOTHING)
        and not answer.cookies
        and answer.headers["Cache-Control"] == "no-store"
        and answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        and not {"Location", "Vary", "Set-Cookie"}.intersection(answer.headers)
    )


# --- a host that is nobody's


@pytest.mark.parametrize("host", STRANGE_HOSTS)
def test_a_strange_host_gets_the_plain_404(host, acme, globex):
    assert is_plain_not_found(browser_at(host).get("/"))
    assert nothing_is_bound()


@pytest.mark.parametrize("host", ["ａcme.example", "acme。example", "ac\u00adme.example"])
@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/no/such"])
def test_a_host_that_no_browser_sends_gets_no_page(path, host, acme, people, browse: Browse):
    answer = browse(acme, "ada").get(path, HTTP_HOST=host)
    assert (answer.status_code, answer.content) == (404, NOTHING)
    assert nothing_is_bound()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete", "options", "trace"])
def test_a_strange_host_gets_the_plain_404_for_whatever_it_asks(method, path, acme):
    answer = getattr(browser_at("unknown.example"), method)(path)
    assert (answer.status_code, answer.cookies) == (404, {})
    assert is_plain_not_found(answer) or method == "head"


def test_a_strange_host_gets_no_static_file(acme):
    url = staticfiles_storage.url("gateway/gateway.css")
    assert is_plain_not_found(browser_at("unknown.example").get(url))
    known = browser_at("acme.example").get(url)
    assert (known.status_code, known.headers["Content-Type"].split(";")[0]) == (200, "text/css")
    known.close()


def test_a_request_without_a_host_gets_the_plain_404(acme):
    assert is_plain_not_found(Client(headers={"x-forwarded-proto": "https"}).get("/", HTTP_HOST=""))


def test_a_strange_host_costs_one_query_at_most(acme):
    with CaptureQueriesContext(django_connection) as queries:
        browser_at("unknown.example").get("/")
        browser_at("unknown.example").get("/accounts/login/")
    assert len([query for query in queries if "SET search_path" not in query["sql"]]) == 1


def test_a_strange_host_leaves_no_session(acme, people, browse: Browse):
    key = browse(acme, "ada").cookies[settings.SESSION_COOKIE_NAME].value
    before = list(Session.objects.values_list("session_key", "expire_date", "session_data"))
    browser_at("unknown.example", key).post("/accounts/logout/")
    assert list(Session.objects.values_list("session_key", "expire_date", "session_data")) == before


def test_a_pending_domain_gets_the_plain_404(acme):
    add_domain(acme, "pending.example")
    assert is_plain_not_found(browser_at("pending.example").get("/accounts/login/"))


# --- the agency's host and a tenant's


@pytest.mark.parametrize("host", [settings.AGENCY_HOST, settings.AGENCY_HOST.upper() + ".:8000"])
def test_the_agencys_host_leads_to_the_agencys_routes(host, people):
    assert browser_at(host).get("/").headers["Location"] == "/accounts/login/?next=%2F"
    assert browser_at(host).get("/upload").status_code == 404


def test_a_row_cannot_take_the_agencys_host(acme, people, browse: Browse):
    Domain.objects.create(domain=settings.AGENCY_HOST, tenant=acme, state="active")
    page = browse(None, "olga").get("/")
    assert (page.status_code, b"Globex" in page.content) == (200, True)


@pytest.mark.parametrize("host", ["acme.example", "ACME.Example.:8443"])
def test_a_tenants_host_leads_to_its_documents(host, acme, globex, browse: Browse, store: Store):
    store(acme, title="acme's offer")
    store(globex, title="globex's offer")
    page = browse(acme, "ada").get("/", HTTP_HOST=host)
    assert (b"acme" in page.content, b"globex" in page.content) == (True, False)


def test_the_agencys_page_is_not_on_a_tenants_host(acme, globex, browse: Browse):
    assert b"Globex" not in browse(acme, "ada").get("/").content


@pytest.mark.parametrize("header", [
    "x-forwarded-host", "x-host", "x-original-host", "forwarded", "x-http-host-override", "x-forwarded-server",
    "x-original-url", "x-rewrite-url",
])  # fmt: skip
def test_no_header_but_host_says_which_tenant(header, acme, globex, browse: Browse, store: Store):
    store(globex, title="globex's offer")
    forged = {header: "host=globex.example" if header == "forwarded" else "globex.example"}
    page = browse(acme, "max").get("/", headers=forged)
    assert (page.status_code, b"globex" in page.content) == (200, False)
    assert is_plain_not_found(browser_at("unknown.example").get("/", headers=forged))


def test_two_hosts_in_one_header_lead_nowhere(acme, globex, browse: Browse):
    for both in ("acme.example, globex.example", "globex.example,acme.example"):
        assert is_plain_not_found(browse(acme, "max").get("/", HTTP_HOST=both))


# --- HTTPS


def test_http_is_sent_to_https_on_the_same_host(acme):
    answer = Client().get("/d/x?y=1", headers={"host": "acme.example"})
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://acme.example/d/x?y=1")


@pytest.mark.parametrize("host", ["unknown.example", "", "acme.example,globex.example", "evil.com"])
def test_http_on_a_strange_host_is_sent_nowhere(host, acme):
    assert is_plain_not_found(Client().get("/", headers={"host": host}))


def test_https_is_remembered_by_browsers(acme):
    answer = browser_at("acme.example").get("/accounts/login/")
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


# --- what is left after a request


@pytest.mark.parametrize(
    "path", ["/", "/accounts/login/", "/no/such", "/static/none.css", "/d/nonsense"]
)
def test_after_an_answer_nothing_is_bound(path, acme, people, browse: Browse):
    for client in (
        browse(acme, "ada"),
        browse(acme),
        browse(None, "olga"),
        browser_at("unknown.example"),
    ):
        client.get(path)
        assert nothing_is_bound()


def test_after_a_refusal_nothing_is_bound(acme, people, browse: Browse):
    assert browse(acme, "vic").post("/upload").status_code == 403
    assert nothing_is_bound()


@pytest.mark.parametrize("host", ["acme.example", settings.AGENCY_HOST])
def test_after_an_exception_nothing_is_bound(host, acme):
    def broken(_request):
        connection.ensure_connection()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        TenantMiddleware(broken)(RequestFactory().get("/", headers={"host": host}))
    assert nothing_is_bound()


def test_during_a_request_its_own_tenant_is_bound_and_the_one_before_again_after_it(acme, globex):
    seen: list[object] = []

    def inner(request):
        seen.append((get_binding(), getattr(request, "tenant", None)))
        return HttpResponse()

    for host in ("acme.example", settings.AGENCY_HOST, "globex.example"):
        TenantMiddleware(inner)(RequestFactory().get("/", headers={"host": host}))
    assert seen == [(acme, acme), (AGENCY, None), (globex, globex)]


def test_what_a_request_leaves_in_the_connection_does_not_reach_the_next(acme, globex):
    def unruly(request):
        connection.set_tenant(globex)
        return HttpResponse(get_binding().name)

    def well_behaved(request):
        return HttpResponse(bound_tenant().schema_name + connection.schema_name)

    request = RequestFactory().get("/", headers={"host": "acme.example"})
    TenantMiddleware(unruly)(request)
    assert TenantMiddleware(well_behaved)(request).content.decode() == acme.schema_name * 2


# --- suspended


def test_a_suspended_tenant_is_refused_at_once(acme, people, browse: Browse, store: Store):
    document, ada = store(acme, visibility="public"), browse(acme, "ada")
    assert ada.get("/").status_code == 200
    suspend_tenant(acme)
    for path in ("/", f"/d/{document.id}/x", "/accounts/password/change/", "/no/such"):
        answer = ada.get(path)
        assert (answer.status_code, b"suspended" in answer.content) == (403, True)
        assert is_plain_not_found_page(browse(acme).get(path))


def is_plain_not_found_page(answer: Any) -> bool:
    return (answer.status_code, answer.content, len(answer.cookies)) == (404, NOTHING, 0)


def test_a_resumed_tenant_is_served_at_once(hooli, people, browse: Browse):
    client = browse(hooli, "hank")
    assert client.get("/").status_code == 403
    resume_tenant(hooli)
    assert client.get("/").status_code == 200


def test_nobody_signs_in_to_a_suspended_tenant(hooli, people, browse: Browse):
    assert is_plain_not_found_page(browse(hooli).get("/accounts/login/"))
    assert is_plain_not_found_page(browse(hooli).post("/accounts/login/"))


@pytest.mark.parametrize("visibility", ["private", "public"])
def test_no_link_is_given_when_another_process_suspended_the_tenant(
    visibility, acme, browse: Browse, store: Store
):
    path, ada = f"/d/{store(acme, visibility=visibility).id}/x", browse(acme, "ada")
    assert (ada.get(path).status_code, ada.head(path).status_code) == (302, 200)
    Tenant.objects.filter(pk=acme.pk).update(status=Tenant.Status.SUSPENDED)
    for answer in (ada.get(path), ada.head(path)):
        assert (answer.status_code, "Location" in answer.headers) == (404, False)


def test_a_neighbours_suspension_stops_nobody_else(acme, globex, browse: Browse, store: Store):
    document = store(acme)
    suspend_tenant(globex)
    assert browse(acme, "ada").get(f"/d/{document.id}/x").status_code == 302
