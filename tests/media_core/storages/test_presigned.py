"""A presigned URL: the bytes of one object, as we say they are served, for a few minutes, and nothing else."""

import copy
import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.conf import settings as django_settings

from gateway.demo.resolution import resolve_localhost_names
from media_core.documents.models import Document
from media_core.storages.presigned import choose_lifetime_seconds, presign_get
from tenants.binding import bind_tenant
from tenants.errors import NoTenantBound, NotFound, RowOfAnotherTenant, TenantSuspended
from tenants.models import Tenant
from tests.media_core.conftest import stored_row
from tests.proof import reported
from tests.samples import pdf
from tests.wire import bucket_requests, statements

pytestmark = pytest.mark.django_db
FORMS = ["s3v4 path", "s3v4 virtual", "s3 virtual"]
Signed = Callable[..., str]


@pytest.fixture
def resolved() -> Iterator[None]:
    with resolve_localhost_names():
        yield


def use_form(form: str, settings) -> None:
    """Sign and address from now on like this."""
    port = urlsplit(django_settings.BUCKET_ENDPOINT_URL).port
    settings.BUCKET_SIGNATURE_VERSION, settings.BUCKET_ADDRESSING_STYLE = form.split()
    host = "127.0.0.1" if form.endswith("path") else "s3.localhost"
    settings.BUCKET_ENDPOINT_URL = f"http://{host}:{port}"
    reported()


@pytest.fixture
def signed(store, acme, resolved) -> Signed:
    """Return a URL of a new document: acme's, unless another tenant is given."""

    def sign(
        tenant: Tenant = acme, content: bytes = b"acme's", name: str = "x.pdf", file_name: str = ""
    ) -> str:
        document: Document = store(tenant, content, name=name)
        with bind_tenant(tenant):
            return presign_get(document.original, file_name=file_name or name)

    return sign


# --- what it gives


@pytest.mark.parametrize("form", FORMS)
def test_gives_the_bytes_with_type_disposition_and_no_store(form, signed, settings):
    use_form(form, settings)
    answer = requests.get(signed(content=pdf(), name="offer.pdf"), timeout=60)
    assert (answer.status_code, answer.content) == (200, pdf())
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'inline; filename="offer.pdf"'
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("form", FORMS)
def test_is_signed_and_addressed_as_settings_say(form, signed, settings):
    use_form(form, settings)
    url = urlsplit(signed())
    version, style = form.split()
    assert ("X-Amz-Signature" in url.query) == (version == "s3v4")
    assert str(url.hostname).startswith(f"{settings.BUCKET_NAME}.") == (style == "virtual")


@pytest.mark.parametrize(
    "name", ["page.html", "drawing.svg", "x.html.gz", "README", "script.js", "x.pdf.exe", "a.xml"]
)
def test_what_a_browser_could_run_is_only_downloaded(name, signed):
    answer = requests.get(signed(content=b"<script>alert(1)</script>", name=name), timeout=60)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("file_name", "disposition"),
    [
        ("Übersicht – Q3.pdf", "filename*=utf-8''%C3%9Cbersicht%20%E2%80%93%20Q3.pdf"),
        ("日本語.txt", "filename*=utf-8''%E6%97%A5%E6%9C%AC%E8%AA%9E.txt"),
        ('say "hi".txt', r'filename="say \"hi\".txt"'),
        ("back\\slash.txt", r'filename="back\\slash.txt"'),
        ("semi;colon, comma.txt", 'filename="semi;colon, comma.txt"'),
        ("100%.txt", 'filename="100%.txt"'),
        ("a\r\nSet-Cookie: x=1.txt", "filename*=utf-8''a%0D%0ASet-Cookie%3A%20x%3D1.txt"),
        ("x" * 196 + ".txt", f'filename="{"x" * 196}.txt"'),
        ("日" * 196 + ".txt", f"filename*=utf-8''{'%E6%97%A5' * 196}.txt"),
    ],
)
def test_the_download_is_called_as_the_document(file_name, disposition, signed):
    answer = requests.get(signed(content=pdf(), file_name=file_name), timeout=60)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f"inline; {disposition}"
    assert "Set-Cookie" not in answer.headers


def test_a_part_of_the_bytes_can_be_asked_for(signed):
    answer = requests.get(signed(content=b"0123456789"), headers={"Range": "bytes=2-4"}, timeout=60)
    assert (answer.status_code, answer.content) == (206, b"234")


# --- what it does not give


@pytest.mark.parametrize("form", FORMS)
def test_without_a_signature_nothing_is_given(form, signed, settings):
    use_form(form, settings)
    assert requests.get(signed().partition("?")[0], timeout=60).status_code == 403


def changed(url: str, name: str, value: str) -> str:
    """Return the URL with another value of a parameter."""
    before = parse_qs(urlsplit(url).query, keep_blank_values=True)[name][0]
    assert before
    parts = [f"{name}={value}" if part.startswith(f"{name}=") else part for part in url.split("&")]
    head, _, first = parts[0].partition("?")
    parts[0] = f"{head}?{name}={value}" if first.startswith(f"{name}=") else parts[0]
    assert "&".join(parts) != url
    return "&".join(parts)


TAMPERED = {
    "another tenant's key": lambda url, other: url.replace(
        urlsplit(url).path, urlsplit(other).path
    ),
    "the prefix as key": lambda url, _: url.replace(urlsplit(url).path, "/test-bucket/acme/"),
    "type": lambda url, _: changed(url, "response-content-type", "text/html"),
    "disposition": lambda url, _: changed(url, "response-content-disposition", "inline"),
    "cache": lambda url, _: changed(url, "response-cache-control", "public"),
    "without type": lambda url, _: url.replace("response-content-type", "x-content-type"),
}
TAMPERED_V4 = {
    "expiry": lambda url, _: changed(url, "X-Amz-Expires", "604800"),
    "date": lambda url, _: re.sub(r"(X-Amz-Date=\d{8}T)\d{6}", r"\g<1>000001", url),
    "signature": lambda url, _: changed(url, "X-Amz-Signature", "0" * 64),
    "another parameter": lambda url, _: f"{url}&response-expires=x",
    "signed headers": lambda url, _: changed(
        url, "X-Amz-SignedHeaders", "host%3Bx-amz-copy-source"
    ),
}
TAMPERED_V2 = {
    "expiry": lambda url, _: changed(url, "Expires", "2000000000"),
    "signature": lambda url, _: changed(url, "Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA%3D"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_changed_link_is_refused_by_the_bucket(form, signed, globex, settings):
    use_form(form, settings)
    url, other = signed(), signed(globex, b"globex's bytes")
    assert requests.get(other, timeout=60).content == b"globex's bytes"
    changes = {**TAMPERED, **(TAMPERED_V4 if form.startswith("s3v4") else TAMPERED_V2)}
    statuses = {
        what: requests.get(change(url, other), timeout=60).status_code
        for what, change in changes.items()
    }
    assert statuses == dict.fromkeys(changes, 403)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
def test_a_link_is_for_reading_only(method, form, signed, settings):
    use_form(form, settings)
    url = signed()
    assert requests.request(method, url, data=b"evil", timeout=60).status_code == 403
    assert requests.get(url, timeout=60).content == b"acme's"


def test_an_expired_link_is_refused_by_the_bucket(store, acme, resolved, settings):
    document, urls = store(acme), []
    for form in FORMS:
        use_form(form, settings)
        with bind_tenant(with_presign_seconds(acme, 1)):
            urls.append(presign_get(document.original, file_name="x.pdf"))
    time.sleep(2.1)
    answers = [requests.get(url, timeout=60) for url in urls]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert all("expired" in answer.text for answer in answers)


# --- how long it lives


def with_presign_seconds(tenant: Tenant, seconds: int | None) -> Tenant:
    changed_tenant = copy.copy(tenant)
    changed_tenant.presign_seconds = seconds
    return changed_tenant


@pytest.mark.parametrize(
    ("chosen", "content_type", "deployment", "seconds"),
    [
        (None, "application/pdf", 300, 300),
        (None, "application/octet-stream", 3600, 3600),
        (60, "application/pdf", 300, 60),
        (3600, "application/pdf", 300, 3600),
        (None, "video/mp4", 300, 3600),
        (None, "audio/mpeg", 300, 3600),
        (120, "video/mp4", 300, 120),
        (1, "audio/mpeg", 300, 1),
        (90_000, "application/pdf", 300, 3600),
        (90_000, "video/mp4", 300, 3600),
        (None, "application/pdf", 90_000, 3600),
    ],
)
def test_a_link_lives_as_chosen_and_never_more_than_an_hour(
    chosen, content_type, deployment, seconds, settings
):
    settings.PRESIGNED_URL_EXPIRATION = deployment
    assert choose_lifetime_seconds(Tenant(presign_seconds=chosen), content_type) == seconds


def test_the_lifetime_is_that_of_the_bound_tenant(acme, globex):
    for tenant, seconds in ((with_presign_seconds(acme, 60), 60), (globex, 300)):
        with bind_tenant(tenant):
            url = presign_get(stored_row(), file_name="x")
        assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == [str(seconds)]


# --- for what it is signed


@pytest.mark.parametrize("state", ["pending", "abandoned"])
def test_only_what_is_stored_is_signed(state, acme):
    with bind_tenant(acme), pytest.raises(NotFound):
        presign_get(stored_row(state), file_name="x.pdf")


def test_the_row_of_another_tenant_is_not_signed(acme, globex):
    with bind_tenant(globex):
        foreign = stored_row()
    with bind_tenant(acme), pytest.raises(RowOfAnotherTenant):
        presign_get(foreign, file_name="x.pdf")


def test_nothing_is_signed_without_a_tenant(acme):
    with bind_tenant(acme):
        row = stored_row()
    with pytest.raises(NoTenantBound):
        presign_get(row, file_name="x.pdf")


def test_nothing_is_signed_for_a_suspended_tenant(hooli):
    with bind_tenant(hooli, even_suspended=True):
        row = stored_row()
    with bind_tenant(hooli), pytest.raises(TenantSuspended):
        presign_get(row, file_name="x.pdf")


def test_signing_asks_neither_database_nor_bucket(acme):
    with bind_tenant(acme):
        row = stored_row()
        with statements() as sent, bucket_requests() as requested:
            presign_get(row, file_name="x.pdf")
    assert (sent, requested) == ([], [])
