"""What is refused while others wait for the bucket: at once, the form is kept, and other tenants go on."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from media_core.documents.models import Document
from media_core.inspection import worker_process
from media_core.inspection.cpu_budget import SECONDS_PER_MINUTE, CpuBudget
from media_core.uploads.body_limits import FORM_OVERHEAD_BYTES
from tenants.binding import bind_tenant
from tenants.slots import get_process_slots
from tests.samples import picture

pytestmark = pytest.mark.django_db
TYPES = {"offer.pdf": "application/pdf", "a.png": "image/png"}
PDF = b"%PDF-1.4\n%%EOF\n"


def send(browser, content: bytes = PDF, name: str = "offer.pdf", **given):
    fields = {"title": "An offer", "visibility": "public", **given}
    return browser.post(
        "/upload", {**fields, "file": SimpleUploadedFile(name, content, TYPES[name])}
    )


@pytest.fixture
def acme_is_busy(acme, settings):
    """Let all slots of acme be taken, and none of others."""
    settings.WEB_THREADS = 4
    with get_process_slots().hold(acme.id, waits=False):
        yield


def test_a_refused_upload_says_when_to_try_again_and_keeps_the_form(
    acme_is_busy, acme, globex, browse
):
    answer = send(browse(acme, "ed"))
    page = answer.content.decode()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "try again in a few seconds" in page
    assert 'value="An offer"' in page
    assert '<option value="public" selected>' in page
    assert "Choose the file again." in page
    with bind_tenant(acme):
        assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("replace", {"note": "New prices"}),
        ("rename", {"title": "New prices", "file_name": "new.pdf"}),
    ],
)
@pytest.mark.usefixtures("acme_is_busy", "globex")
def test_a_refused_change_of_a_document_keeps_what_was_typed(page, typed, acme, browse, upload):
    document = upload(PDF)
    file = {"file": SimpleUploadedFile("new.pdf", PDF, "application/pdf")}
    answer = browse(acme, "ed").post(
        f"/documents/{document.pk}/{page}", {**typed, **(file if page == "replace" else {})}
    )
    shown = answer.content.decode()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "try again in a few seconds" in shown
    assert all(f'value="{value}"' in shown for value in typed.values())
    assert ("Choose the file again." in shown) == (page == "replace")
    with bind_tenant(acme):
        assert Document.objects.get().revision == 1


def test_another_tenant_uploads_meanwhile(acme_is_busy, acme, globex, browse):
    assert send(browse(globex, "eve"), visibility="private").status_code == 302
    with bind_tenant(globex):
        assert Document.objects.get().title == "An offer"


def test_the_file_of_a_refused_upload_is_not_read(acme_is_busy, acme, globex, browse):
    class Watched:
        def __init__(self, stream):
            self.stream, self.read_bytes = stream, 0

        def read(self, *given):
            data = self.stream.read(*given)
            self.read_bytes += len(data)
            return data

        readline = read

    browser, watched = browse(acme, "ed"), []
    request = browser.request

    def watch(**environ):
        watched.append(Watched(environ["wsgi.input"]))
        return request(**{**environ, "wsgi.input": watched[0]})

    browser.request = watch
    assert send(browser, b"x" * 5_000_000).status_code == 503
    assert 0 < watched[0].read_bytes < 2 * FORM_OVERHEAD_BYTES


def test_publishing_is_refused_at_once(acme_is_busy, acme, globex, browse, upload):
    document = upload(PDF)
    answer = browse(acme, "ed").post(f"/documents/{document.pk}/publish")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


class TestTheTimeOfAProcessor:
    @pytest.fixture(autouse=True)
    def _budget(self, acme, monkeypatch):
        """Let acme's files have taken all the time that a tenant has in a minute."""
        monkeypatch.setattr(worker_process, "_budget", CpuBudget())
        worker_process._budget.spend(acme.id, 2 * SECONDS_PER_MINUTE)

    def test_who_has_used_it_up_waits_until_it_is_back(self, acme, globex, browse):
        answer = send(browse(acme, "ed"), picture("PNG"), "a.png", visibility="private")
        assert answer.status_code == 503
        assert 55 < int(answer.headers["Retry-After"]) < 65
        assert "An offer" in answer.content.decode()

    def test_others_do_not_wait(self, acme, globex, browse):
        answer = send(browse(globex, "eve"), picture("PNG"), "a.png", visibility="private")
        assert answer.status_code == 302

    def test_what_needs_no_decoder_is_taken(self, acme, globex, browse):
        assert send(browse(acme, "ed"), visibility="private").status_code == 302

    def test_each_file_takes_of_it(self, acme, globex, browse):
        send(browse(globex, "eve"), picture("PNG"), "a.png", visibility="private")
        used, _at = worker_process._budget._used[globex.id]
        assert 0 < used < 5


@contextmanager
def full_disk() -> Iterator[None]:
    """Let this process write no file of more than a hundred bytes: each attempt fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_photo_is_not_published_without_room_for_its_copy(acme, globex, browse):
    browser = browse(acme, "ed")
    send(browser, picture("PNG"), "a.png", visibility="private")
    with bind_tenant(acme):
        document = Document.objects.get()
    with full_disk():
        answer = browser.post(f"/documents/{document.pk}/publish")
    assert (answer.status_code, "no room for uploads" in answer.content.decode()) == (507, True)
    assert browser.post(f"/documents/{document.pk}/publish").status_code == 302
