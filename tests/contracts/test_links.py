"""One contract for signed addresses, over real HTTP: the bytes as we say they are served, for a few minutes."""

import copy
import re
import time
from urllib.parse import urlsplit

import pytest

from media_core.storages.object_copies import remove_object
from media_core.storages.tenant_storage import sign_url
from tenants.binding import bind_tenant
from tenants.errors import NoTenantBound, NotFound, RowOfAnotherTenant, TenantSuspended
from tests.media_core.conftest import stored_row
from tests.wire import bucket_requests, statements

pytestmark = pytest.mark.django_db
CLOSED = {403, 404}
NAMES = [
    "offer.pdf", "Übersicht – Q3.pdf", "日本語.txt", "Ελληνικά και κενά.txt", "русский.pdf", "עברית.pdf", "عربي.pdf",
    "हिन्दी.pdf", "ภาษาไทย.pdf", "👩🏽‍🚀 flight.pdf", 'say "hi".txt', "semi;colon, comma.txt", "100%.txt",
    "%2e%2e.txt", "a+b&c=d?.txt", "#hash.txt", "~tilde'.txt", ".hidden", "no extension", "x" * 196 + ".txt",
    "日" * 196 + ".txt", "👩" * 196 + ".txt",
]  # fmt: skip


def test_gives_the_bytes_with_type_disposition_and_no_store(gateway, kept, link):
    answer = gateway.get(link(kept(b"%PDF-1.7"), "offer.pdf"))
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.7")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'inline; filename="offer.pdf"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Length"] == "8"


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_the_download_is_called_as_the_document_in_every_script(name, gateway, kept, link):
    answer = gateway.get(link(kept(name.encode(), name), name))
    assert (answer.status_code, answer.content) == (200, name.encode())
    assert downloaded_as(answer.headers["Content-Disposition"]) == name


def downloaded_as(header: str) -> str:
    """Return the file's name as a browser reads it (RFC 6266)."""
    extended = re.search(r"filename\*=utf-8''(\S+)", header)
    if extended:
        return bytes(
            re.sub(r"%([0-9A-F]{2})", lambda f: chr(int(f[1], 16)), extended[1]), "latin-1"
        ).decode()
    plain = re.search(r'filename="((?:[^"\\]|\\.)*)"', header)
    assert plain, header
    return re.sub(r"\\(.)", r"\1", plain[1])


def test_what_a_browser_could_run_is_only_downloaded(gateway, kept, link):
    row = kept(b"<script>alert(1)</script>", "x.html", content_type="application/octet-stream")
    answer = gateway.get(link(row, "x.html"))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="x.html"'
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "given"),
    [("2-4", b"234"), ("7-", b"789"), ("-3", b"789"), ("8-99", b"89"), ("0-0", b"0")],
)
def test_a_part_of_the_bytes_can_be_asked_for(asked, given, gateway, kept, link):
    answer = gateway.get(link(kept(b"0123456789")), Range=f"bytes={asked}")
    first, last = given.decode()[0], given.decode()[-1]
    assert (answer.status_code, answer.content) == (206, given)
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/10"
    assert answer.headers["Content-Type"] == "application/pdf"


def test_a_part_that_is_not_there_is_refused(gateway, kept, link):
    assert gateway.get(link(kept(b"0123456789")), Range="bytes=10-").status_code == 416


def test_a_link_dies(gateway, kept, acme):
    hasty = copy.copy(acme)
    hasty.presign_seconds = 1
    row = kept()
    with bind_tenant(hasty):
        url = sign_url(row, file_name="x.pdf")
    time.sleep(2.1)
    assert gateway.get(url).status_code in CLOSED


def test_a_link_that_was_changed_anywhere_gives_nothing(gateway, kept, link):
    """One letter after the other, in path and query."""
    url = link(kept(b"secret"))
    assert gateway.get(url).content == b"secret"
    begin = len(url) - len(url.split("/", 3)[-1]) if "://" in url else len("/files/")
    for at in range(begin, len(url), 7):
        if url[at] in "/?&=%.":
            continue
        changed = url[:at] + ("A" if url[at] != "A" else "B") + url[at + 1 :]
        answer = gateway.get(changed)
        assert answer.status_code >= 400, changed
        assert b"secret" not in answer.content


def test_the_link_of_another_object_cannot_be_made_of_it(gateway, kept, link, globex):
    ours, other = link(kept(b"acme's")), link(kept(b"globex's", tenant=globex), tenant=globex)
    swapped = ours.replace(urlsplit(ours).path, urlsplit(other).path)
    # Seconds in Version 4, a moment in Version 2.
    longer = re.sub(r"(?<=Expires=)\d+", r"9\g<0>", ours)
    for url in (swapped, longer) if "?" in ours else (swapped,):
        assert gateway.get(url).status_code in CLOSED


def test_without_its_signature_it_gives_nothing(gateway, kept, link):
    url = link(kept())
    bare = url.partition("?")[0] if "?" in url else re.sub(r"\.[^/.]+/", "./", url, count=1)
    assert bare != url
    assert gateway.get(bare).status_code in CLOSED


def test_the_bytes_of_a_removed_object_are_gone(gateway, kept, link, acme):
    row = kept()
    url = link(row)
    with bind_tenant(acme):
        row.condemn()
        remove_object(row)
    assert gateway.get(url).status_code in CLOSED


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
def test_a_link_is_for_reading_only(method, gateway, kept, link):
    url = link(kept(b"stays"))
    assert gateway.get(url, method=method).status_code >= 400
    assert gateway.get(url).content == b"stays"


# --- for what it is signed


@pytest.mark.parametrize("state", ["pending", "abandoned"])
def test_only_what_is_stored_is_signed(state, place, acme):
    with bind_tenant(acme), pytest.raises(NotFound):
        sign_url(stored_row(state, place=place), file_name="x.pdf")


def test_the_row_of_another_tenant_is_not_signed(kept, acme, globex):
    foreign = kept(tenant=globex)
    with bind_tenant(acme), pytest.raises(RowOfAnotherTenant):
        sign_url(foreign, file_name="x.pdf")


def test_nothing_is_signed_without_a_tenant_or_for_a_suspended_one(kept, place, hooli):
    row = kept()
    with pytest.raises(NoTenantBound):
        sign_url(row, file_name="x.pdf")
    with bind_tenant(hooli, even_suspended=True):
        theirs = stored_row(place=place)
    with bind_tenant(hooli), pytest.raises(TenantSuspended):
        sign_url(theirs, file_name="x.pdf")


def test_signing_asks_neither_database_nor_storage(kept, link):
    row = kept()
    with statements() as sent, bucket_requests() as requested:
        link(row)
    assert (sent, requested) == ([], [])


def test_the_link_says_nothing_of_the_bytes(kept, link):
    row = kept(b"contents")
    assert row.sha256 not in link(row)
