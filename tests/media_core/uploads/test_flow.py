"""An upload: row first, object second, document last."""

import hashlib
import re
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test.client import encode_multipart

from media_core.bucket.client import get_bucket_client
from media_core.documents.models import AccessEvent, Document
from media_core.documents.permissions import require_editor
from media_core.errors import BucketUnavailable, UploadRefused, UploadTooLarge
from media_core.ledger.models import StoredObject
from media_core.uploads.flow import store_upload
from tenants.binding import bind_tenant
from tenants.errors import NameRefused, NoTenantBound, RoleRequired, TenantSuspended
from tests.conftest import member, new_session
from tests.media_core.conftest import in_a_thread
from tests.media_core.uploads.conftest import keys
from tests.media_core.wsgi import asked
from tests.proof import reported
from tests.samples import pdf
from tests.wire import bucket_requests, statements

pytestmark = [pytest.mark.django_db, pytest.mark.bucket]


def bytes_of(key: str) -> bytes:
    answer = get_bucket_client().get_object(Bucket=django_settings.BUCKET_NAME, Key=key)
    return answer["Body"].read()


# --- what an upload stores


def test_stores_the_bytes_under_a_key_of_their_own(upload, acme, new_keys):
    document = upload(b"acme's bytes")
    (key,) = new_keys()
    assert re.fullmatch(rf"acme/private/{document.original_id}/offer\.pdf", key)
    assert bytes_of(key) == b"acme's bytes"


def test_the_ledger_says_what_was_stored(upload, acme):
    row = upload(pdf()).original
    assert (row.state, row.size_bytes) == ("stored", len(pdf()))
    assert row.content_type == "application/pdf"
    assert row.sha256 == hashlib.sha256(pdf()).hexdigest()
    assert row.etag == hashlib.md5(pdf(), usedforsecurity=False).hexdigest()
    assert row.stored_at


def test_two_uploads_of_one_name_are_two_objects(upload, new_keys):
    upload(b"one", name="logo.png")
    upload(b"two", name="logo.png")
    assert sorted(bytes_of(key) for key in new_keys()) == [b"one", b"two"]


def test_nothing_of_it_is_in_another_room(upload, acme, globex):
    before = keys(globex)
    upload()
    with bind_tenant(globex):
        assert not Document.objects.exists()
        assert not StoredObject.objects.exists()
    assert keys(globex) == before


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Übersicht – Q3.pdf", "Ubersicht-Q3.pdf"),
        ("日本語.txt", "file.txt"),
        ("README", "README"),
        ("archive.tar.gz", "archive-tar.gz"),
        (".htaccess", "htaccess"),
        ("a" * 196 + ".pdf", "a" * 96 + ".pdf"),
        ("100% & more; 'x'.pdf", "100-more-x.pdf"),
        ("x.php.jpg", "x-php.jpg"),
        ("no dot at the end.", "no-dot-at-the-end"),
        ("💾.png", "file.png"),
    ],
)
def test_the_name_is_shown_as_given_and_the_key_is_ascii(name, safe, acme, browse, new_keys):
    browser = browse(acme, "ed")
    file = SimpleUploadedFile(name, b"x")
    answer = browser.post("/upload", {"file": file, "visibility": "private"}, follow=True)
    assert answer.context["page"][0].name == answer.context["page"][0].title == name
    (key,) = new_keys()
    assert key.rpartition("/")[2] == safe
    assert key.isascii()


@pytest.mark.parametrize(
    "name",
    [
        "../../globex/private/x",
        "..\\x",
        "/etc/passwd",
        "a/b.pdf",
        "..",
        ".",
        "",
        "   ",
        "a\nb",
        "a\x00b",
        "a\x7f.txt",
        "photo\u202egpj.exe",
        "a\u2028b",
        "\ud800.txt",
        "x" * 201,
    ],
)
def test_a_hostile_name_is_refused_before_anything_is_written(name, upload, acme, new_keys):
    with bucket_requests() as sent, pytest.raises(NameRefused):
        upload(name=name)
    assert sent == []
    with bind_tenant(acme):
        assert not StoredObject.objects.exists()


@pytest.mark.parametrize("name", ["../../globex/private/x.pdf", "..\\..\\x.pdf", "a/b/x.pdf"])
def test_a_browsers_path_is_cut_to_the_files_name(name, acme, browse, new_keys):
    form = (
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\nbytes\r\n'
        '--x\r\nContent-Disposition: form-data; name="visibility"\r\n\r\nprivate\r\n--x--\r\n'
    )
    browse(acme, "ed").post(
        "/upload", form.encode(), content_type="multipart/form-data; boundary=x"
    )
    (key,) = new_keys()
    assert re.fullmatch(r"acme/private/[0-9a-f-]{36}/x\.pdf", key)


def test_a_small_file_costs_one_bucket_request(acme, browse):
    file = SimpleUploadedFile("x.pdf", b"x" * 5000)
    with bucket_requests() as sent:
        browse(acme, "ed").post("/upload", {"file": file, "visibility": "private"})
    assert [request.method for request in sent] == ["PUT"]


def test_the_title_and_who_it_was_are_kept(upload, acme, people):
    document = upload(title="  The offer ", visibility="public")
    assert (document.title, document.visibility) == ("The offer", "public")
    assert (document.created_by_id, document.created_by_name) == (people["ed"].id, "Ed")


# --- what is refused


def test_an_empty_file_is_refused(upload, acme, browse):
    with bucket_requests() as sent, pytest.raises(UploadRefused, match="empty"):
        upload(b"")
    file = SimpleUploadedFile("x.pdf", b"")
    answer = browse(acme, "ed").post(
        "/upload", {"file": file, "visibility": "private"}, follow=True
    )
    assert "The file is empty." in answer.content.decode()
    assert sent == []


def test_one_byte_too_many_is_refused(upload, acme, settings):
    settings.UPLOAD_MAX_BYTES = 10
    assert upload(b"x" * 10).original.size_bytes == 10
    with bucket_requests() as sent, pytest.raises(UploadTooLarge):
        upload(b"x" * 11)
    assert sent == []


def test_a_viewer_is_no_uploader(people, acme):
    with pytest.raises(RoleRequired):
        require_editor(member(people["vic"], acme))


def test_nothing_is_stored_without_a_tenant_or_for_a_suspended_one(upload, people, acme, hooli):
    uploader = require_editor(member(people["ed"], acme))
    with pytest.raises(NoTenantBound):
        store_upload(uploader=uploader, file=ContentFile(b"x", name="x"))
    with pytest.raises(TenantSuspended):
        upload(tenant=hooli, who="hank")


def test_an_upload_inside_a_transaction_is_refused_before_anything_is_sent(committed, upload):
    def upload_in_a_transaction():
        with bucket_requests() as sent, pytest.raises(RuntimeError), transaction.atomic():
            upload()
        return sent

    assert committed(upload_in_a_transaction) == []


# --- the order of things


def test_the_row_is_committed_before_the_object_is_written(committed, upload, acme):
    seen = []

    def look(request, **_):
        with bind_tenant(acme):
            seen.append(StoredObject.objects.values_list("state", "name").get())

    def upload_and_look():
        events = get_bucket_client().meta.events
        events.register(
            "before-send.s3", handler := lambda request, **_: in_a_thread(lambda: look(request))
        )
        try:
            return upload()
        finally:
            events.unregister("before-send.s3", handler)

    document = committed(upload_and_look)
    assert seen == [("pending", f"private/{document.original_id}/offer.pdf")]


def test_a_bucket_that_does_not_answer_leaves_no_document(acme, browse, settings, new_keys):
    settings.BUCKET_ENDPOINT_URL = "http://127.0.0.1:9"
    reported()
    file = SimpleUploadedFile("x.pdf", b"x")
    answer = browse(acme, "ed").post(
        "/upload", {"file": file, "visibility": "private"}, follow=True
    )
    assert BucketUnavailable().message in answer.content.decode()
    settings.BUCKET_ENDPOINT_URL = django_settings.BUCKET_ENDPOINT_URL
    with bind_tenant(acme):
        row = StoredObject.objects.get()
        assert (row.state, Document.objects.count()) == ("gone", 0)


def test_an_upload_is_no_opening(upload, acme):
    upload()
    with bind_tenant(acme):
        assert not AccessEvent.objects.exists()


def form_over_wsgi(key: str) -> dict[str, Any]:
    """Return the environ of an upload as a browser sends it, with its session and its token."""
    token = "x" * 32
    fields = {"csrfmiddlewaretoken": token, "visibility": "private"}
    body = encode_multipart("x", {**fields, "file": SimpleUploadedFile("x.pdf", b"bytes")})
    cookies = {django_settings.SESSION_COOKIE_NAME: key, django_settings.CSRF_COOKIE_NAME: token}
    return {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_REFERER": "https://acme.example/",
        "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "wsgi.input": BytesIO(body),
    }


def test_what_an_upload_costs_on_the_wire(committed, acme, people):
    def upload_one():
        key = new_session(people["ed"], acme)
        asked("acme.example", "/", key)
        with statements() as sent, bucket_requests() as requested:
            answer = asked("acme.example", "/upload", **form_over_wsgi(key))
        return answer, sent, requested

    answer, sent, requested = committed(upload_one)
    assert (answer.status, len(requested)) == (302, 1)
    # Health check, SET, session; the row and its quota in a transaction; rights, the state, its quota, the document and
    # its version in another; the message. Two of them are the quota's: what is promised first and settled last.
    assert len(sent) <= 17, sent
    assert sum('"tenants_quota"' in statement for statement in sent) == 2
