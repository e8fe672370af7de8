"""What a request may send is decided before a byte of its body is read."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from media_core.documents.models import Document
from media_core.errors import UploadTooLarge
from media_core.uploads.body_limits import FORM_BYTES, FORM_OVERHEAD_BYTES
from media_core.uploads.flow import require_allowed_size
from tenants.binding import bind_tenant
from tenants.domains import host_cache
from tenants.models import Tenant

pytestmark = pytest.mark.django_db
FORM = "multipart/form-data; boundary=x"


class Unread:
    """The body of a request, which fails the test when it is read."""

    def read(self, *_):
        raise AssertionError("The body was read.")

    readline = read


def sent(browser, path="/upload", length="1000", method="POST", **given):
    """Send a request with a body that nobody may read."""
    environ = {"wsgi.input": Unread(), "CONTENT_LENGTH": length, "CONTENT_TYPE": FORM, **given}
    return browser.generic(method, path, **environ)


@pytest.fixture(autouse=True)
def _small_limit(settings):
    settings.UPLOAD_MAX_BYTES = 2_000_000


def test_too_large_a_file_is_refused_unread(acme, browse):
    answer = sent(browse(acme, "ed"), length=str(2_000_000 + FORM_OVERHEAD_BYTES + 1))
    assert answer.status_code == 413
    assert "larger than is allowed" in answer.content.decode()


@pytest.mark.parametrize("who", ["ada", "vic", ""])
def test_too_large_a_file_is_refused_whoever_sends_it(who, acme, browse):
    assert sent(browse(acme, who), length="99999999999999999999").status_code == 413


def test_a_viewers_file_is_refused_unread(acme, browse):
    assert sent(browse(acme, "vic")).status_code == 403


def test_a_strangers_file_is_refused_unread(acme, browse):
    answer = sent(browse(acme))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/?")


def test_somebody_elses_session_uploads_nothing(acme, globex, browse):
    browser = browse(globex, "eve")
    assert sent(browser, HTTP_HOST="acme.example").status_code == 302


def test_an_unknown_host_reads_nothing(acme, browse):
    assert sent(browse(acme, "ed"), HTTP_HOST="nobody.example").status_code == 404


def test_a_suspended_tenant_reads_nothing(hooli, browse):
    assert sent(browse(hooli, "hank")).status_code == 403


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/"])
def test_a_form_without_files_takes_less(path, acme, browse):
    assert sent(browse(acme), path, length=str(FORM_BYTES + 1)).status_code == 413


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/d/00000000-0000-0000-0000-000000000000"])
def test_a_page_that_takes_no_form_reads_nothing(path, method, acme, browse):
    assert sent(browse(acme, "ed"), path, method=method).status_code == 405


@pytest.mark.parametrize("length", ["-1", "abc", "1e9", "0x10", "१", "1 000", "+5"])
def test_a_length_that_is_no_number_is_refused(length, acme, browse):
    assert sent(browse(acme, "ed"), length=length).status_code == 400


def test_the_limit_is_for_the_file_and_leaves_room_for_the_form(acme, browse):
    form = (
        '--x\r\nContent-Disposition: form-data; name="file"; filename="x.bin"\r\n\r\n'
        f"{'x' * 2_000_000}\r\n"
        '--x\r\nContent-Disposition: form-data; name="visibility"\r\n\r\nprivate\r\n--x--\r\n'
    )
    browse(acme, "ed").post("/upload", form.encode(), content_type=FORM)
    with bind_tenant(acme):
        assert Document.objects.get().original.size_bytes == 2_000_000


def test_an_editor_without_a_csrf_token_uploads_nothing(acme, browse):
    browser = browse(acme, "ed")
    browser.handler.enforce_csrf_checks = True
    answer = browser.post("/upload", b"--x--\r\n", content_type=FORM)
    assert answer.status_code == 403
    with bind_tenant(acme):
        assert not Document.objects.exists()


# --- a tenant's own limit


@pytest.fixture
def own_limit(acme, settings):
    """Let acme take files of its own size only."""

    def limit(most):
        Tenant.objects.filter(pk=acme.pk).update(upload_max_bytes=most)
        host_cache.forget()

    return limit


@pytest.mark.parametrize(
    ("own", "most"), [(None, 2_000_000), (500_000, 500_000), (9_000_000, 2_000_000), (1, 1)]
)
def test_a_tenants_own_limit_is_within_the_deployments(own, most, own_limit, acme, browse):
    own_limit(own)
    over = str(most + FORM_OVERHEAD_BYTES + 1)
    assert sent(browse(acme, "ed"), length=over).status_code == 413


def test_what_is_too_large_for_one_tenant_is_read_for_another(own_limit, acme, globex, browse):
    own_limit(500_000)
    assert sent(browse(acme, "ed"), length="900000").status_code == 413
    with pytest.raises(AssertionError, match="body was read"):
        sent(browse(globex, "eve"), length="900000")


def test_one_byte_beyond_the_tenants_limit_is_refused_by_the_flow_too(own_limit, acme):
    own_limit(1_000)
    with bind_tenant(Tenant.objects.get(pk=acme.pk)):
        assert require_allowed_size(1_000) == 1_000
        with pytest.raises(UploadTooLarge, match="1 kB is the most"):
            require_allowed_size(1_001)


@pytest.mark.parametrize("who", ["ed", "vic", ""])
def test_the_page_says_how_much_is_taken(who, own_limit, acme, browse):
    own_limit(500_000)
    page = sent(browse(acme, who), length="900000").content.decode()
    assert "larger than is allowed here. 500 kB is the most." in page


def test_a_file_in_a_form_that_asked_for_none_is_not_kept(acme, browse, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "not-there")
    file = SimpleUploadedFile("x.bin", b"x" * 100_000)
    form = {"login": "a@b.example", "password": "x", "file": file}
    # A file that was kept would need the folder.
    answer = browse(acme).post("/accounts/login/", form)
    assert answer.status_code == 200
    assert answer.wsgi_request.FILES == {}
    with pytest.raises(FileNotFoundError):
        browse(acme, "ed").post(
            "/upload", {"file": SimpleUploadedFile("x.bin", b"x"), "visibility": "private"}
        )
