"""Private files are reached by the gateway only, and by whom the apps say: PRIVATE_MEDIA_READERS asks them."""

import pytest
import requests
from django.contrib.auth.models import Group, User
from django.test import Client
from wagtail.models import Collection, CollectionViewRestriction

from tenants.binding import bind_tenant
from tenants.models import Tenant
from tests.untouched.conftest import browser
from tests.untouched.rooms import pdf
from tests.untouched.uses import USES


def stored(tenant: Tenant, use: str, content: bytes = b"") -> str:
    """Store a file and return its address."""
    with bind_tenant(tenant):
        found = USES[use].file_of(USES[use].upload(content or USES[use].content()))
        return str(found.url)


def followed(client: Client, url: str) -> bytes:
    """Return the bytes that a browser gets: from the bucket, by the link to which it was sent."""
    answer = client.get(url)
    assert (answer.status_code, answer["Cache-Control"]) == (302, "private, no-store")
    return requests.get(answer["Location"], timeout=10).content


@pytest.mark.parametrize("use", ["plain file", "filer private file", "filer private image"])
def test_a_private_file_is_a_path_of_ours_that_leads_to_its_bytes(use, acme):
    url = stored(acme, use)
    assert url.startswith("/private/")
    assert followed(browser(acme, "editor"), url) == USES[use].content()


@pytest.mark.parametrize("use", ["plain file", "filer private file", "filer private image"])
def test_a_private_file_is_nothing_for_strangers_and_other_tenants(use, acme, globex):
    url = stored(acme, use)
    answers = [
        client.get(url) for client in (browser(acme), browser(globex), browser(globex, "editor"))
    ]
    nothing = browser(acme).get("/private/no/such.pdf")
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, nothing.content)}


def test_a_session_of_one_tenant_is_nobody_at_another(acme, globex):
    url = stored(globex, "plain file")
    client = browser(acme, "editor")
    assert client.get(url, headers={"host": "globex.example"}).status_code == 404


def test_the_same_path_leads_each_tenant_to_its_own_bytes(acme, globex):
    urls = {stored(acme, "plain file", pdf("a")), stored(globex, "plain file", pdf("g"))}
    (url,) = urls
    assert followed(browser(acme, "editor"), url) == pdf("a")
    assert followed(browser(globex, "editor"), url) == pdf("g")


def test_filer_lets_only_its_owner_and_editors_read(acme):
    url = stored(acme, "filer private file")
    assert browser(acme, "reader").get(url).status_code == 404
    with bind_tenant(acme):
        file = USES["filer private file"].model.objects.get()
        file.owner = User.objects.get(username="acme-reader")
        file.save()
    assert browser(acme, "reader").get(url).status_code == 302


# --- Wagtail's documents


def document(tenant: Tenant, restriction: str = "") -> tuple[str, str]:
    """Return the document's own address and its file's, in a collection that may be restricted."""
    with bind_tenant(tenant):
        collection = Collection.get_first_root_node().add_child(name="Board")
        if restriction:
            made = CollectionViewRestriction.objects.create(
                collection=collection, restriction_type=restriction, password="please"
            )
            made.groups.add(Group.objects.get(name="Editors"))
        use = USES["Wagtail document"]
        made = use.upload(use.content())
        made.collection = collection
        made.save()
        return made.url, made.file.url


def test_a_document_of_an_open_collection_is_for_everybody(acme):
    url, file_url = document(acme)
    client = browser(acme)
    answer = client.get(url)
    assert (answer.status_code, answer["Location"]) == (302, file_url)
    assert followed(client, file_url) == pdf()


@pytest.mark.parametrize(
    ("restriction", "readers"),
    [("login", {"reader", "editor"}), ("groups", {"editor"}), ("password", set())],
)
def test_a_restricted_collection_closes_both_addresses(restriction, readers, acme):
    addresses = document(acme, restriction)
    for who in ("", "reader", "editor"):
        served, file = (browser(acme, who).get(url) for url in addresses)
        is_open = who in readers
        assert (served.get("Location") == addresses[1]) == is_open
        assert file.status_code == (302 if is_open else 404)


def test_the_password_of_a_collection_opens_both_addresses(acme):
    url, file_url = document(acme, "password")
    client = browser(acme)
    asked = client.get(url)
    client.post(asked.context_data["action_url"], {"password": "please", "return_url": url})
    assert client.get(url)["Location"] == file_url
    assert followed(client, file_url) == pdf()


def test_a_document_is_nothing_at_another_tenants_host(acme, globex):
    for url in document(acme):
        assert browser(globex, "editor").get(url).status_code == 404
