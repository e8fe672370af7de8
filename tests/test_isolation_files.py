"""Files on disk: an address that was signed for one tenant's host gives nothing at another's, nor does any name."""

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from media_core.documents.models import Document
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import find_storage, sign_url
from tenants.binding import bind_tenant
from tenants.models import Tenant
from tenants.provisioning import suspend_tenant
from tests.conftest import Browse
from tests.media_core.documents.conftest import LOCATED, has_location
from tests.walk import METHODS, asked, seen

pytestmark = pytest.mark.django_db
Store = Callable[..., Document]


@pytest.fixture
def secret(store: Store, on_disk: None, acme: Tenant, globex: Tenant) -> Document:
    return store(acme, b"what only acme may read", name="acme-secret.pdf")


def signed(document: Document, tenant: Tenant) -> str:
    with bind_tenant(tenant, even_suspended=True):
        return sign_url(document.original, file_name=document.name)


def bytes_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def address_of(document: Document, tenant: Tenant) -> str:
    """Return the public address of a document's public object."""
    public = document.public_copy
    assert public
    with bind_tenant(tenant):
        return find_storage(public).build_public_url(public)


def nothing(client: Client, method: str = "get") -> object:
    return seen(asked(client, method, "/files/no.such/file"))


def test_it_gives_the_bytes_at_its_own_host_to_whoever_holds_it(secret, acme, browse: Browse):
    assert bytes_of(browse(acme).get(signed(secret, acme))) == b"what only acme may read"


@pytest.mark.parametrize("who", ["", "eve", "max"])
def test_at_another_host_it_looks_like_what_is_missing(who, secret, acme, globex, browse: Browse):
    client = browse(globex, who)
    for method in METHODS:
        assert seen(asked(client, method, signed(secret, acme))) == nothing(client, method)


def test_the_same_row_id_at_another_tenant_does_not_help(secret, acme, globex, browse: Browse):
    stored = secret.original
    with bind_tenant(globex):
        theirs = StoredObject.objects.create(
            id=stored.pk, name=stored.name, area="private", size_bytes=8, place="disk", sha256="0" * 64,
            content_type="application/pdf", state="stored", stored_at=stored.stored_at,
        )  # fmt: skip
        find_storage(theirs).put(theirs, BytesIO(b"globex's"), file_name="x.pdf")
    client = browse(globex)
    assert bytes_of(client.get(signed_there(theirs, globex))) == b"globex's"
    assert seen(asked(client, "get", signed(secret, acme))) == nothing(client)


def signed_there(stored: StoredObject, tenant: Tenant) -> str:
    with bind_tenant(tenant):
        return sign_url(stored, file_name="x.pdf")


def test_one_that_is_over_looks_like_what_is_missing(secret, acme, monkeypatch, browse: Browse):
    path, client = signed(secret, acme), browse(acme, "ada")
    later = time.time() + 301
    monkeypatch.setattr("media_core.storages.signed_files.time.time", lambda: later)
    assert seen(asked(client, "get", path)) == nothing(client)


def test_a_former_secret_key_counts_while_it_is_named(
    secret, acme, globex, settings, browse: Browse
):
    path, former = signed(secret, acme), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [former]
    assert bytes_of(browse(acme).get(path)) == b"what only acme may read"
    assert seen(asked(browse(globex), "get", path)) == nothing(browse(globex))
    settings.SECRET_KEY_FALLBACKS = []
    assert seen(asked(browse(acme), "get", path)) == nothing(browse(acme))


def test_an_object_that_is_to_be_removed_looks_like_what_is_missing(secret, acme, browse: Browse):
    path, client = signed(secret, acme), browse(acme, "ada")
    with bind_tenant(acme):
        StoredObject.objects.filter(pk=secret.original_id).update(
            state="condemned", charged_bytes=0, purge_after=timezone.now()
        )
    assert seen(asked(client, "get", path)) == nothing(client)


def test_a_part_of_the_name_put_into_the_token_looks_like_what_is_missing(
    secret, acme, browse: Browse
):
    client = browse(acme)
    token, _, name = signed(secret, acme).rpartition("/")
    payload, _, signature = token.rpartition(".")
    stem, _, ending = name.rpartition(".")
    # Without a check it would be taken for signed: the same bytes stand before the signature.
    path = f"{payload}.{ending}.{signature}/{stem}"
    assert seen(asked(client, "get", path)) == nothing(client)


def test_of_a_suspended_tenant_it_gives_nothing_at_once(secret, acme, browse: Browse):
    path, client = signed(secret, acme), browse(acme)
    assert client.get("/").status_code == 302
    # The process still believes that acme is served.
    Tenant.objects.filter(pk=acme.pk).update(status=Tenant.Status.SUSPENDED)
    assert seen(asked(client, "get", path)) == nothing(client)


@pytest.mark.parametrize("who", ["", "ada"])
def test_no_name_of_a_private_object_opens_anything(who, secret, acme, browse: Browse):
    client, name = browse(acme, who), secret.original.name
    tried = [
        name, name.removeprefix("private/"), f"../{name}", f"..%2f{name}", f"x/../../{name}", f"/{name}", "", "%00",
        "a%00b", "%5c..%5c", "x" * 2000, "%ff", "media/x", f"acme/{name}",
    ]  # fmt: skip
    for path in tried:
        assert seen(asked(client, "get", f"/media/{path}")) == nothing(client), path


def test_a_public_object_is_public_at_its_own_host_only(
    store: Store, on_disk, acme, globex, browse
):
    document = store(acme, LOCATED, name="photo.jpg", visibility="public")
    path = address_of(document, acme)
    assert not has_location(bytes_of(browse(acme).get(path)))
    client = browse(globex, "eve")
    assert seen(asked(client, "get", path)) == nothing(client)


def test_an_object_in_the_public_area_without_a_public_document_is_not_public(
    store: Store, on_disk, acme, browse
):
    document = store(acme, LOCATED, name="photo.jpg", visibility="public")
    path = address_of(document, acme)
    with bind_tenant(acme):
        Document.objects.filter(pk=document.pk).update(public_copy=None)
    client = browse(acme, "ada")
    assert seen(asked(client, "get", path)) == nothing(client)


def test_a_public_document_without_a_copy_has_no_name_under_which_anybody_finds_it(
    store: Store, on_disk, acme, globex, browse: Browse
):
    document = store(acme, b"for all", visibility="public")
    assert document.shows_original
    name = document.original.name
    for host, who in ((acme, ""), (acme, "ada"), (globex, ""), (globex, "eve")):
        client = browse(host, who)
        for path in (name, name.removeprefix("private/"), name.replace("private/", "media/")):
            assert seen(asked(client, "get", f"/media/{path}")) == nothing(client)


def test_a_link_to_it_works_at_its_own_host_only_and_no_longer_than_it_is_served(
    store: Store, on_disk, acme, globex, browse: Browse
):
    document = store(acme, b"for all", visibility="public")
    link = browse(acme).get(f"/d/{document.pk}").headers["Location"]
    assert bytes_of(browse(acme).get(link)) == b"for all"
    client = browse(globex, "eve")
    for path in (f"/d/{document.pk}", link):
        assert seen(asked(client, "get", path)) == nothing(client)
    suspend_tenant(acme)
    for path in (f"/d/{document.pk}", link):
        assert browse(acme).get(path).status_code != 200


@pytest.fixture
def on_disk(settings, tmp_path):
    settings.USE_S3_MEDIA = False
    settings.DISK_MEDIA_ROOT = str(tmp_path)
